"""Reading a configuration from a file, S3 or an environment variable."""

from collections.abc import Mapping

from sso_batch.config import Config, Source, parse, s3_object
from sso_batch.config.source import MAX_BYTES, S3, VARIABLE, file_source, source_error, variable_source
from sso_batch.errors import ConfigurationUnavailableError
from sso_batch.store import StorageError


def read_config(location: str, environ: Mapping[str, str]) -> Config:
    """Return the configuration at a location; raise ConfigurationError with every problem of it."""
    return parse(read_source(location, environ), environ)


def read_source(location: str, environ: Mapping[str, str]) -> Source:
    """Return a configuration as it is at a location: a path, s3://bucket/key, or env:NAME.

    Raises ConfigurationError if it cannot be read.
    """
    if location.startswith(S3):
        content = read_object(location, MAX_BYTES + 1, missing="pass the location of a configuration")
        return Source(location, content, location.rpartition("/")[0])
    if location.startswith(VARIABLE):
        return variable_source(location, environ)
    return file_source(location)


def read_object(location: str, limit: int, *, missing: str) -> bytes:
    """Return the first `limit` bytes of an object in S3, read with the environment's credentials.

    Raises ConfigurationError if it cannot be read, with the hint `missing` if there is no such object.
    """
    place = s3_object(location)
    if place is None:
        raise source_error(
            location,
            "not a supported location in S3: write s3://bucket/key with a lowercase bucket name and plain "
            "names between single slashes, or ./ before the name of a file",
        )
    from sso_batch.aws.s3 import client  # noqa: PLC0415 - boto3, for S3 alone

    try:
        return client.read_object(place, limit)
    except FileNotFoundError:
        raise source_error(location, f"no such object: {missing}") from None
    except StorageError as error:
        refusal = source_error(location, f"{error.message}: {error.hint}")
        raise (ConfigurationUnavailableError(refusal.problems) if error.transient else refusal) from None
