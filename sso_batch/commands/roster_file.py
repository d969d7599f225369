"""The roster of a configuration, read from its file or from S3 before the first call."""

import stat
from pathlib import Path

from sso_batch.commands.config_source import read_object
from sso_batch.config import Config, Source
from sso_batch.config.problems import Problem
from sso_batch.config.source import S3
from sso_batch.errors import ConfigurationError
from sso_batch.review.roster import Roster
from sso_batch.review.roster_csv import RosterError, parse_roster

MAX_BYTES = 100_000_000

_KEY = "correct review.roster, which is relative to the place of the configuration"


def roster_of(config: Config, source: Source) -> Roster | None:
    """Return the roster that a configuration names, if it names one; raise ConfigurationError."""
    if config.review.roster is None:
        return None
    location = source.resolve(config.review.roster)
    assert location is not None, "parsing refuses it"  # noqa: S101 - for the type checker
    return read_roster(location, numbers_are_read="employee_number" in config.collect.people)


def read_roster(location: str, *, numbers_are_read: bool) -> Roster:
    """Return the roster in a file or in S3; raise ConfigurationError with every problem of it.

    `numbers_are_read` is whether the run reads the employee numbers of users.
    """
    try:
        return parse_roster(_content(location), numbers_are_read=numbers_are_read)
    except RosterError as error:
        raise ConfigurationError(problem.format(location) for problem in error.problems) from None


def _content(location: str) -> bytes:
    """Return the bytes of a roster; raise RosterError or ConfigurationError if it has none, or too many."""
    if location.startswith(S3):
        content = read_object(location, MAX_BYTES + 1, missing=_KEY)
    else:
        content = _file_content(Path(location))
    if len(content) > MAX_BYTES:
        raise _error("the file is larger than 100 MB: export only the columns that are needed")
    return content


def _file_content(path: Path) -> bytes:
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe without a writer would block
            raise _error(f"not a file: {_KEY}")
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise _error(f"no such file: {_KEY}") from None
    except OSError as error:
        raise _error(f"the file cannot be read: {error.strerror}") from None


def _error(text: str) -> RosterError:
    return RosterError([Problem(0, "", text)])
