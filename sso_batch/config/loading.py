"""Loading a configuration file: a `Config`, or every problem of the file."""

import stat
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from sso_batch.config.defaults import apply_defaults
from sso_batch.config.interpolation import expand
from sso_batch.config.models import Config
from sso_batch.config.problems import Problem
from sso_batch.config.validation import validate
from sso_batch.config.yaml.reader import DocumentError, read
from sso_batch.errors import ConfigurationError

MAX_BYTES = 1_000_000
_OPEN_FILES = ("/dev/fd/", "/dev/stdin", "/proc/self/fd/")


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
