"""Loading a configuration file: a `Config`, or every problem of the file.

`defaults` are merged into each organization of the tree before validation. A node keeps the line and the path
where it was written, so that an error in a default is reported once.
"""

import stat
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from sso_batch.config.interpolation import expand
from sso_batch.config.models import Config
from sso_batch.config.organization import ROLE_KEYS, Defaults
from sso_batch.config.problems import Problem
from sso_batch.config.validation import validate
from sso_batch.config.yaml_nodes import Node
from sso_batch.config.yaml_reader import DocumentError, read
from sso_batch.errors import ConfigurationError

MAX_BYTES = 1_000_000
_OPEN_FILES = ("/dev/fd/", "/dev/stdin", "/proc/self/fd/")

_KEYS_WITH_DEFAULT = frozenset(field.alias or name for name, field in Defaults.model_fields.items())
_EXCLUSIVE = {"profile": "role_arn", "role_arn": "profile"}


def load(path: Path, environ: Mapping[str, str]) -> Config:
    """Return the configuration at `path`, with the variables of `environ`.

    Raises ConfigurationError with every problem of the file.
    """
    try:
        root, problems = read(_text(path), partial(expand, environ=environ))
    except DocumentError as error:
        raise _configuration_error(path, error.problems) from None
    outcome = validate(apply_defaults(root))
    if isinstance(outcome, Config) and not problems:
        return outcome
    found = [] if isinstance(outcome, Config) else outcome
    raise _configuration_error(path, [*problems, *found])


def _text(path: Path) -> str:
    """Return the text of the file, and read no more than MAX_BYTES of it."""
    try:
        if not _can_be_read_to_its_end(path):
            raise _document_error("this is a device or a pipe: pass the path of a configuration file")
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise _document_error("no such file: pass the path of a configuration file") from None
    except IsADirectoryError:
        raise _document_error("this is a folder: pass the path of a configuration file in it") from None
    except OSError as error:
        raise _document_error(f"the file cannot be read: {error.strerror}") from None
    except ValueError:
        raise _document_error("not a valid path: pass the path of a configuration file") from None
    if len(content) > MAX_BYTES:
        raise _document_error("the file is larger than 1 MB: split it")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _document_error("the file is not UTF-8: save it as UTF-8", line) from None
    return text


def _can_be_read_to_its_end(path: Path) -> bool:
    """Return whether reading terminates: a pipe without a writer would block forever.

    A pipe that is already open, such as a shell's `<(…)`, has a writer.
    """
    mode = path.stat().st_mode
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode) or str(path).startswith(_OPEN_FILES)


def _document_error(text: str, line: int = 0) -> DocumentError:
    return DocumentError([Problem(line, "", text)])


def _configuration_error(path: Path, problems: list[Problem]) -> ConfigurationError:
    """Return the error with each problem once, in the order of the file."""
    return ConfigurationError(problem.format(str(path)) for problem in sorted(set(problems)))


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
