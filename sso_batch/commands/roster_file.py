"""The roster of a configuration, read from its file before the first call."""

import stat
from pathlib import Path

from sso_batch.config import Config
from sso_batch.config.problems import Problem
from sso_batch.errors import ConfigurationError
from sso_batch.review.roster import Roster
from sso_batch.review.roster_csv import RosterError, parse_roster

MAX_BYTES = 100_000_000

_KEY = "correct review.roster, which is relative to the folder of the configuration file"


def roster_of(config: Config, config_file: Path) -> Roster | None:
    """Return the roster that a configuration names, if it names one; raise ConfigurationError."""
    if config.review.roster is None:
        return None
    path = config_file.parent / config.review.roster
    return read_roster(path, numbers_are_read="employee_number" in config.collect.people)


def read_roster(path: Path, *, numbers_are_read: bool) -> Roster:
    """Return the roster in a file; raise ConfigurationError with every problem of it.

    `numbers_are_read` is whether the run reads the employee numbers of users.
    """
    try:
        return parse_roster(_content(path), numbers_are_read=numbers_are_read)
    except RosterError as error:
        raise ConfigurationError(problem.format(str(path)) for problem in error.problems) from None


def _content(path: Path) -> bytes:
    """Return the bytes of a file; raise RosterError if it is none, cannot be read or is too large."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe without a writer would block
            raise _error(f"not a file: {_KEY}")
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise _error(f"no such file: {_KEY}") from None
    except OSError as error:
        raise _error(f"the file cannot be read: {error.strerror}") from None
    if len(content) > MAX_BYTES:
        raise _error("the file is larger than 100 MB: export only the columns that are needed")
    return content


def _error(text: str) -> RosterError:
    return RosterError([Problem(0, "", text)])
