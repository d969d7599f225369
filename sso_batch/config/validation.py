"""A tree held against the models: what is wrong with it, in our own words and at its lines.

No value of the file is ever repeated: it may be a secret, or have come out of a variable.
"""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from sso_batch.config.base import Section
from sso_batch.config.models import Config
from sso_batch.config.problems import Path, Problem, shown
from sso_batch.config.yaml.nodes import Node, Unreadable

_SENTENCES = {
    "bool_type": "write true or false",
    "int_type": "write a whole number",
    "float_type": "write a number",
    "finite_number": "write a number",
    "dict_type": "write keys and values, such as `tier: prod`",
    "tuple_type": "write a list, an item a line after `- `",
    "missing": "this key is missing: write it",
    "model_type": "write keys and values here",
}
_NOT_ABOUT_THE_VALUE = frozenset({"extra_forbidden", "missing", "together", "no_value"})
MOST = 1000
"""Problems that are told one by one."""

_LIMITS = (("ge", "of at least"), ("gt", "above"), ("le", "of at most"))


def validated(root: Node) -> Config | list[Problem]:
    """Give the configuration that the tree stands for, or all that is wrong with it."""
    repeated = list(_repeated_names(root))
    try:
        config = Config.model_validate(root.plain())
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        found = [problem for detail in details[:MOST] if (problem := _told(detail, root))]
        return [*repeated, *found, *_untold(len(details) - MOST, found[-1:])]
    return repeated or config


def _untold(more: int, last: list[Problem]) -> Iterator[Problem]:
    """Count the problems that are not told one by one: to word a hundred thousand takes minutes."""
    if more > 0:
        line = max((one.line for one in last), default=1)
        yield Problem(line, "", f"{more:,} more problems, told once the others are mended")


def _repeated_names(root: Node) -> Iterator[Problem]:
    """Tell of each name that an earlier organization has; on the tree, whatever else is wrong there."""
    organizations = root.value.get("organizations") if isinstance(root.value, dict) else None
    if organizations is None or not isinstance(organizations.value, tuple):
        return
    first: dict[str, Node] = {}
    for organization in organizations.value:
        name = organization.value.get("name") if isinstance(organization.value, dict) else None
        if name is None or not isinstance(name.value, str):
            continue
        other = first.setdefault(name.value, name)
        if other is not name:
            yield Problem(
                name.line,
                shown(name.path),
                f"{shown(other.path[:-1])} in line {other.line} has this name already: write another one",
            )


def _told(detail: ErrorDetails, root: Node) -> Problem | None:
    """Put one of pydantic's errors into words, where it stands; None where it has been told already."""
    nodes, missing = _way(root, detail["loc"])
    node = nodes[-1]
    if isinstance(node.value, Unreadable):
        return None
    line, path = node.line, node.path
    if missing and isinstance(node.value, dict):
        path = (*path, missing[0])
    if detail["type"] == "together" and _comes_from_defaults(nodes):
        organization = nodes[2]
        line, path = organization.line, (*organization.path, *detail["loc"][2:3])
    return Problem(line, shown(path), _sentence(detail, node) + _unseen(detail, node))


def _way(root: Node, location: Path) -> tuple[list[Node], Path]:
    """Follow `location` into the tree; give the nodes on the way, and the steps that are not there."""
    nodes = [root]
    for index, step in enumerate(location):
        value = nodes[-1].value
        if isinstance(value, dict) and step in value:
            nodes.append(value[str(step)])
        elif isinstance(value, tuple) and isinstance(step, int) and step < len(value):
            nodes.append(value[step])
        else:
            return nodes, location[index:]
    return nodes, ()


def _comes_from_defaults(nodes: list[Node]) -> bool:
    """Tell whether an organization has its value from the defaults."""
    return nodes[-1].path[:1] == ("defaults",) and nodes[1].path == ("organizations",)


def _sentence(detail: ErrorDetails, node: Node) -> str:
    """Say what to write instead."""
    context = detail.get("ctx", {})
    if node.value is None and detail["type"].endswith("_type"):
        return _no_value(detail)
    match detail["type"]:
        case "extra_forbidden":
            return _unknown_key(str(detail["loc"][-1]), detail["loc"][:-1])
        case "string_type":
            return _text_wanted(node)
        case "literal_error":
            return f"write {context['expected']}".replace("'", "")
        case kind:
            return _SENTENCES.get(kind) or _limit(context) or detail["msg"]


def _no_value(detail: ErrorDetails) -> str:
    """Say what to do about a key, or an item of a list, that has no value."""
    if not detail["loc"]:
        return "the file is empty: write at least `organizations:` with one organization"
    *location, last = detail["loc"]
    fields = _section_at(tuple(location)).model_fields
    if isinstance(last, int):
        return "there is no value: write one, or take the item away"
    if any(field.is_required() for name, field in fields.items() if last == (field.alias or name)):
        return f"there is no value, and the key is required: {_SENTENCES.get(detail['type'], 'write one')}"
    return "there is no value: write one, or take the key away"


def _unseen(detail: ErrorDetails, node: Node) -> str:
    """Name a line break or a blank at the end of a value that is refused: nobody sees it."""
    if not isinstance(node.value, str) or detail["type"] in _NOT_ABOUT_THE_VALUE:
        return ""
    if node.value.endswith(("\n", "\r")):
        return "; the value ends with a line break, as secrets made with `echo` do: remove it"
    if node.value != node.value.strip():
        return "; the value begins or ends with a blank: remove it"
    return ""


def _text_wanted(node: Node) -> str:
    if isinstance(node.value, bool | int | float):
        return "this must be text: put it in quotes"
    return "write text here"


def _limit(context: Mapping[str, Any]) -> str:
    """Say which numbers are taken, where that is what is wrong."""
    return next((f"write a number {word} {context[key]:g}" for key, word in _LIMITS if key in context), "")


def _unknown_key(key: str, location: Path) -> str:
    """Name the nearest of the keys that are known in this place, or all of them."""
    known = _known_keys(location)
    near = get_close_matches(key, known, n=2)
    if near:
        return f"there is no such key: did you mean {' or '.join(near)}?"
    return f"there is no such key: known here: {', '.join(known)}"


def _known_keys(location: Path) -> list[str]:
    """Give the keys of the section that stands at `location`."""
    return [field.alias or name for name, field in _section_at(location).model_fields.items()]


def _section_at(location: Path) -> type[Section]:
    """Give the innermost section that holds `location`."""
    section: type[Section] = Config
    for step in location:
        for name, field in section.model_fields.items():
            if step == (field.alias or name):
                section = _section(field.annotation) or section
    return section


def _section(annotation: object) -> type[Section] | None:
    """Find the section in a field's type, however deep it is wrapped."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    return next((found for part in get_args(annotation) if (found := _section(part))), None)
