"""Loading a configuration: a `Config`, or every problem of its text.

`defaults` are merged into each organization of the tree before validation. A node keeps the line and the path
where it was written, so that an error in a default is reported once.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from sso_batch.config.interpolation import expand
from sso_batch.config.models import Config
from sso_batch.config.organization import ROLE_KEYS, Defaults
from sso_batch.config.problems import Problem, format_path
from sso_batch.config.source import MAX_BYTES, Source, file_source
from sso_batch.config.validation import validate
from sso_batch.config.yaml_nodes import Node
from sso_batch.config.yaml_reader import DocumentError, read
from sso_batch.errors import ConfigurationError

_KEYS_WITH_DEFAULT = frozenset(field.alias or name for name, field in Defaults.model_fields.items())
_EXCLUSIVE = {"profile": "role_arn", "role_arn": "profile"}


def load(path: Path, environ: Mapping[str, str]) -> Config:
    """Return the configuration in a file, as `parse` does."""
    return parse(file_source(str(path)), environ)


def parse(source: Source, environ: Mapping[str, str]) -> Config:
    """Return the configuration of a source, with the variables of `environ`.

    Raises ConfigurationError with every problem of it.
    """
    try:
        root, problems = read(_text(source.content), partial(expand, environ=environ))
    except DocumentError as error:
        raise _configuration_error(source, error.problems) from None
    problems += _roster_problems(root, source)
    outcome = validate(apply_defaults(root))
    if isinstance(outcome, Config) and not problems:
        return outcome
    found = [] if isinstance(outcome, Config) else outcome
    raise _configuration_error(source, [*problems, *found])


def _text(content: bytes) -> str:
    if len(content) > MAX_BYTES:
        raise DocumentError([Problem(0, "", "larger than 1 MB: split it")])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DocumentError([Problem(line, "", "not UTF-8: save it as UTF-8")]) from None


def _roster_problems(root: Node, source: Source) -> list[Problem]:
    """Return the problem of a roster that is relative to a source without a folder."""
    review = root.value.get("review") if isinstance(root.value, dict) else None
    roster = review.value.get("roster") if review is not None and isinstance(review.value, dict) else None
    if roster is None or not isinstance(roster.value, str) or source.resolve(roster.value) is not None:
        return []
    text = (
        "a variable has no folder that this could be relative to: write s3://bucket/key or an absolute path"
    )
    return [Problem(roster.line, format_path(roster.path), text)]


def _configuration_error(source: Source, problems: list[Problem]) -> ConfigurationError:
    """Return the error with each problem once, in the order of the text."""
    return ConfigurationError(problem.format(source.name) for problem in sorted(set(problems)))


def apply_defaults(root: Node) -> Node:
    """Return the tree with the defaults in each organization; what is not a mapping stays unchanged."""
    if not isinstance(root.value, dict):
        return root
    defaults, organizations = root.value.get("defaults"), root.value.get("organizations")
    if defaults is None or not isinstance(defaults.value, dict):
        return root
    if organizations is None or not isinstance(organizations.value, tuple):
        return root
    shared = {key: node for key, node in defaults.value.items() if key in _KEYS_WITH_DEFAULT}
    filled = tuple(_with_defaults(organization, shared) for organization in organizations.value)
    return replace(root, value={**root.value, "organizations": replace(organizations, value=filled)})


def _with_defaults(organization: Node, shared: dict[str, Node]) -> Node:
    """Return an organization with the defaults of the keys that it does not set itself."""
    own = organization.value
    if not isinstance(own, dict):
        return organization
    inherited = {key: node for key, node in shared.items() if _EXCLUSIVE.get(key) not in own}
    merged = {**inherited, **own}
    if "tags" in inherited and "tags" in own:
        merged["tags"] = _merge_tags(inherited["tags"], own["tags"])
    if "role_arn" not in merged:
        for key in set(ROLE_KEYS) - own.keys():
            merged.pop(key, None)
    return replace(organization, value=merged)


def _merge_tags(shared: Node, own: Node) -> Node:
    """Merge two sets of tags by key; the organization's own value wins."""
    if isinstance(shared.value, dict) and isinstance(own.value, dict):
        return replace(own, value={**shared.value, **own.value})
    return own
