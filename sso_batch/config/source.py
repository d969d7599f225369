"""Where a configuration comes from: a file, an object in S3, or an environment variable."""

import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sso_batch.config.problems import Problem
from sso_batch.errors import ConfigurationError

MAX_BYTES = 1_000_000

VARIABLE = "env:"
"""How the location of a configuration in an environment variable starts."""

S3 = "s3:"
"""How a location in S3 starts; a file whose name starts like this is written with `./`."""

_OPEN_FILES = ("/dev/fd/", "/dev/stdin", "/proc/self/fd/")


@dataclass(frozen=True, slots=True)
class Source:
    """A configuration as it was read, at most one byte more than MAX_BYTES of it.

    `name` is its location, as the user wrote it. `folder` is the folder or s3://bucket/prefix that contains
    it, or None for a variable.
    """

    name: str
    content: bytes = field(repr=False)
    folder: str | None

    def resolve(self, location: str) -> str | None:
        """Return a location as seen from this one; None if it is relative to nothing."""
        if location.startswith(S3) or Path(location).is_absolute():
            return location
        return None if self.folder is None else os.path.join(self.folder, location)  # noqa: PTH118 - or S3


def file_source(location: str) -> Source:
    """Return the configuration in a file; raise ConfigurationError if it cannot be read."""
    return Source(location, _content(location), os.path.dirname(location))  # noqa: PTH120 - as it is written


def variable_source(location: str, environ: Mapping[str, str]) -> Source:
    """Return the configuration in the environment variable of `env:NAME`; raise ConfigurationError."""
    name = location.removeprefix(VARIABLE)
    if not name:
        raise source_error(
            location, f"no variable is named: write {VARIABLE}NAME, or ./{VARIABLE} for a file"
        )
    if not environ.get(name):
        raise source_error(
            location, f"the variable {name} is not set or empty: set it to the text of the configuration"
        )
    return Source(location, os.fsencode(environ[name]), None)


def source_error(location: str, text: str) -> ConfigurationError:
    """Return the error for a location that cannot be read."""
    return ConfigurationError([Problem(0, "", text).format(location)])


def _content(location: str) -> bytes:
    """Return the content of a file, and read no more than MAX_BYTES of it and one byte."""
    path = Path(location)
    try:
        if not _can_be_read_to_its_end(path):
            raise source_error(location, "this is a device or a pipe: pass the path of a configuration file")
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise source_error(location, f"no such file: {_other_place(location)}") from None
    except IsADirectoryError:
        raise source_error(
            location, "this is a folder: pass the path of a configuration file in it"
        ) from None
    except OSError as error:
        raise source_error(location, f"the file cannot be read: {error.strerror}") from None
    except ValueError:
        raise source_error(location, "not a valid path: pass the path of a configuration file") from None


def _other_place(location: str) -> str:
    """Return what to write in place of a path that does not exist."""
    if re.match(r"\s*(s3|s3a|s3n|https?|arn):", location, re.IGNORECASE):
        return "for an object in S3, write s3://bucket/key"
    if re.match(r"\s*env:", location, re.IGNORECASE):
        return f"for an environment variable, write {VARIABLE}NAME"
    return "pass the path of a configuration file"


def _can_be_read_to_its_end(path: Path) -> bool:
    """Return whether reading terminates: a pipe without a writer would block forever.

    A pipe that is already open, such as a shell's `<(…)`, has a writer.
    """
    mode = path.stat().st_mode
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode) or str(path).startswith(_OPEN_FILES)
