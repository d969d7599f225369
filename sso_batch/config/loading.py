"""From a file to its configuration, or to everything that is wrong with it."""

import stat
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from sso_batch.config.defaults import merged
from sso_batch.config.interpolation import expand
from sso_batch.config.models import Config
from sso_batch.config.problems import Problem
from sso_batch.config.validation import validated
from sso_batch.config.yaml.reader import DocumentError, read
from sso_batch.errors import ConfigurationError

LARGEST = 1_000_000  # bytes
_OPEN_ALREADY = ("/dev/fd/", "/dev/stdin", "/proc/self/fd/")


def load(path: Path, environ: Mapping[str, str]) -> Config:
    """Read the configuration at `path`, its variables out of `environ`.

    Raises ConfigurationError with every problem of the file.
    """
    try:
        root, problems = read(_text(path), partial(expand, environ=environ))
    except DocumentError as error:
        raise _refused(path, error.problems) from None
    outcome = validated(merged(root))
    if isinstance(outcome, Config) and not problems:
        return outcome
    found = [] if isinstance(outcome, Config) else outcome
    raise _refused(path, [*problems, *found])


def _text(path: Path) -> str:
    """Read the file, no more of it than a configuration has."""
    try:
        if not _may_be_opened(path):
            raise _unread("this is a device or a pipe: write the path of a configuration file")
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise _unread("there is no such file: write the path of a configuration file") from None
    except IsADirectoryError:
        raise _unread("this is a folder: write the path of a configuration file in it") from None
    except OSError as error:
        raise _unread(f"the file cannot be read: {error.strerror}") from None
    except ValueError:
        raise _unread("this is no path of a file") from None
    if len(content) > LARGEST:
        raise _unread("the file is larger than 1 MB: split it")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _unread("the file is not UTF-8: save it as UTF-8", line) from None
    return text


def _may_be_opened(path: Path) -> bool:
    """Whether opening and reading it comes to an end: a pipe without a writer would wait for ever.

    A pipe that is open already, as `<(…)` of a shell gives one, has its writer.
    """
    mode = path.stat().st_mode
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode) or str(path).startswith(_OPEN_ALREADY)


def _unread(text: str, line: int = 0) -> DocumentError:
    return DocumentError([Problem(line, "", text)])


def _refused(path: Path, problems: list[Problem]) -> ConfigurationError:
    """Make the error with each problem once, in the order of the file."""
    return ConfigurationError(problem.told(str(path)) for problem in sorted(set(problems)))
