"""Validation of a file's tree against the models: each problem in plain words, at its line.

No value of the file is ever repeated: it may be a secret, or come from a variable.
"""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from sso_batch.config.base import Section
from sso_batch.config.models import Config
from sso_batch.config.problems import KeyPath, Problem, format_path
from sso_batch.config.yaml_nodes import Expanded, Node, ScalarError, Unreadable, typed

MAX_PROBLEMS = 1000
"""The number of problems that are reported one by one: to word a hundred thousand takes minutes."""

EMPTY_FILE = "the configuration is empty: write at least `organizations: [{name: acme}]`"

_NOT_ABOUT_THE_VALUE = frozenset({"extra_forbidden", "missing", "conflict", "no_value"})
_EXPECTED = {
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a number",
    "string_type": "text",
    "dict_type": "keys and values",
    "tuple_type": "a list",
    "model_type": "keys and values",
}
_YAML_1_1_BOOLEANS = frozenset({"yes", "no", "on", "off", "y", "n"})
_LIMITS = (("ge", "must be at least"), ("gt", "must be greater than"), ("le", "must be at most"))


def validate(root: Node) -> Config | list[Problem]:
    """Return the configuration of the tree, or every problem."""
    duplicates = list(_duplicate_names(root))
    try:
        config = Config.model_validate(root.plain())
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        found = [problem for detail in details[:MAX_PROBLEMS] if (problem := _problem(detail, root))]
        return [*duplicates, *found, *_count_of_others(len(details) - MAX_PROBLEMS, found[-1:])]
    return duplicates or config


def _count_of_others(count: int, last: list[Problem]) -> Iterator[Problem]:
    if count > 0:
        line = max((problem.line for problem in last), default=1)
        yield Problem(line, "", f"{count:,} more problems: fix the others first, then run this again")


def _duplicate_names(root: Node) -> Iterator[Problem]:
    """Yield a problem for each name that an earlier organization has, whatever else is wrong in the tree."""
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
                format_path(name.path),
                f"duplicate name, first used by {format_path(other.path[:-1])} on line {other.line}: "
                "rename one of them",
            )


def _problem(detail: ErrorDetails, root: Node) -> Problem | None:
    """Return the problem for one of pydantic's errors; None if the reader has reported it already."""
    nodes, missing = _follow(root, detail["loc"])
    node = nodes[-1]
    if isinstance(node.value, Unreadable):
        return None
    line, path = node.line, node.path
    if missing and isinstance(node.value, dict):
        path = (*path, missing[0])
    if detail["type"] == "conflict" and _comes_from_defaults(nodes):
        organization = nodes[2]
        line, path = organization.line, (*organization.path, *detail["loc"][2:3])
    return Problem(line, format_path(path), _message(detail, node) + _invisible_characters(detail, node))


def _follow(root: Node, location: KeyPath) -> tuple[list[Node], KeyPath]:
    """Return the nodes along `location`, and the steps that the tree does not have."""
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
    """Return whether an organization has inherited its value from `defaults`."""
    return nodes[-1].path[:1] == ("defaults",) and nodes[1].path == ("organizations",)


# Messages


def _message(detail: ErrorDetails, node: Node) -> str:
    """Return what is wrong and what to write."""
    kind, location = detail["type"], detail["loc"]
    if node.value is None and kind.endswith("_type"):
        return _missing_value(location)
    match kind:
        case "missing":
            return f"required key is missing: add it{_such_as(location, with_key=True)}"
        case "extra_forbidden":
            return _unknown_key(str(location[-1]), location[:-1])
        case "literal_error":
            return _expected_choice(detail, node)
        case kind if kind in _EXPECTED:
            return f"expected {_EXPECTED[kind]}{_correction(kind, location, node)}"
        case _:
            return _limit(detail.get("ctx", {})) or detail["msg"]


def _missing_value(location: KeyPath) -> str:
    """Return the message for a key, or an item of a list, that has no value."""
    if not location:
        return EMPTY_FILE
    if isinstance(location[-1], int):
        return "missing value: provide one or remove the item"
    field = _field_at(location)
    if field is not None and field.is_required():
        return f"missing value: this key is required{_such_as(location, with_key=True)}"
    return "missing value: provide one or remove the key"


def _correction(kind: str, location: KeyPath, node: Node) -> str:
    """Return how to correct a value of the wrong type."""
    if kind in {"dict_type", "tuple_type", "model_type"}:
        return _such_as(location)
    if kind == "string_type":
        return ": put the value in quotes" if isinstance(node.value, bool | int | float) else ""
    if not isinstance(node.value, str) or isinstance(node.value, Expanded):
        return ""
    if kind == "bool_type" and node.value.lower() in _YAML_1_1_BOOLEANS:
        return ": in YAML 1.2, yes, no, on and off are text"
    return ": remove the quotes" if _is_quoted(kind, node.value) else ""


def _is_quoted(kind: str, text: str) -> bool:
    """Return whether a text would have the expected type without its quotes."""
    try:
        value = typed(text)
    except ScalarError:
        return False
    if isinstance(value, bool):
        return kind == "bool_type"
    return isinstance(value, int) or (isinstance(value, float) and kind == "float_type")


def _expected_choice(detail: ErrorDetails, node: Node) -> str:
    expected = f"expected {detail['ctx']['expected']}".replace("'", "")
    field = _field_at(detail["loc"])
    if not isinstance(node.value, str) or field is None:
        return expected
    if node.value == detail["ctx"]["expected"]:  # a number, since pydantic quotes texts
        return f"{expected}: remove the quotes"
    choices = {str(choice).lower(): str(choice) for choice in _choices(field.annotation)}
    near = get_close_matches(node.value.lower(), choices, n=1)
    return f"{expected}: did you mean {choices[near[0]]}?" if near else expected


def _choices(annotation: object) -> Iterator[object]:
    """Yield the values that a type allows, at any depth."""
    for part in get_args(annotation):
        if isinstance(part, str):
            yield part
        else:
            yield from _choices(part)


def _limit(context: Mapping[str, Any]) -> str:
    """Return the limit that a number exceeds, if that is what is wrong."""
    return next((f"{words} {context[key]:g}" for key, words in _LIMITS if key in context), "")


def _unknown_key(key: str, location: KeyPath) -> str:
    """Return the message for an unknown key, with the nearest known ones or all of them."""
    known = [field.alias or name for name, field in _section_at(location).model_fields.items()]
    near = get_close_matches(key, known, n=2)
    if near:
        return f"unknown key: did you mean {' or '.join(near)}?"
    return f"unknown key: the keys of this section are {', '.join(known)}"


def _invisible_characters(detail: ErrorDetails, node: Node) -> str:
    """Name a line break or a space at the end of a wrong value: it cannot be seen."""
    if not isinstance(node.value, str) or detail["type"] in _NOT_ABOUT_THE_VALUE:
        return ""
    if node.value.endswith(("\n", "\r")):
        return "; the value ends with a line break, which `echo` adds to secrets: remove it"
    if node.value != node.value.strip():
        return "; the value begins or ends with a space: remove it"
    return ""


# The models behind a path


def _such_as(location: KeyPath, *, with_key: bool = False) -> str:
    """Return an example for the value at `location`, or nothing; `with_key` adds the key of a list."""
    section, field = _section_at(location), _field_at(location)
    if not location:
        return f", such as `{section.example}`"
    key = location[-1]
    if isinstance(key, int):
        return f", such as `- {section.example}`"
    if section is _section_at(location[:-1]):
        return _example_of_field(key, field)
    if not _is_list(field):
        return f", such as `{section.example}`"
    example = f"{key}: [{{{section.example}}}]" if with_key else f"- {section.example}"
    return f", such as `{example}`"


def _example_of_field(key: str, field: FieldInfo | None) -> str:
    example = field.examples[0] if field and field.examples else None
    if isinstance(example, dict):
        return ", such as " + ", ".join(f"`{name}: {value}`" for name, value in example.items())
    if isinstance(example, list):
        return f", such as `[{', '.join(example)}]`"
    return "" if example is None else f", such as `{key}: {example}`"


def _is_list(field: FieldInfo | None) -> bool:
    return field is not None and getattr(field.annotation, "__origin__", None) is tuple


def _section_at(location: KeyPath) -> type[Section]:
    """Return the innermost section that contains `location`."""
    section: type[Section] = Config
    for step in location:
        for name, field in section.model_fields.items():
            if step == (field.alias or name):
                section = _section_of(field.annotation) or section
                break
    return section


def _field_at(location: KeyPath) -> FieldInfo | None:
    """Return the field of the last key in `location`, if a section has one."""
    for index in reversed(range(len(location))):
        if isinstance(location[index], str):
            fields = _section_at(location[:index]).model_fields
            return next((f for name, f in fields.items() if location[index] == (f.alias or name)), None)
    return None


def _section_of(annotation: object) -> type[Section] | None:
    """Return the section in a field's type, at any depth."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    return next((found for part in get_args(annotation) if (found := _section_of(part))), None)
