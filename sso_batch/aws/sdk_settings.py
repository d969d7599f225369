"""The settings of the AWS SDK on this machine: its files, a CA bundle, endpoints that are not AWS's own.

The SDK treats a configuration file that it may not read as an empty one, and notices a missing CA bundle only
when it connects.
"""

import os
import ssl
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from botocore.configprovider import ConfiguredEndpointProvider
from botocore.session import Session

from sso_batch.aws import credential_hints
from sso_batch.aws.error_codes import INVALID_CA_BUNDLE, INVALID_ENDPOINT, UNREADABLE_AWS_FILE
from sso_batch.aws.made_once import made_once
from sso_batch.errors import OrganizationError
from sso_batch.model import EndpointOverride

_FILES = {"config_file": "AWS_CONFIG_FILE", "credentials_file": "AWS_SHARED_CREDENTIALS_FILE"}
"""The SDK's settings for its files, and the variables that set their paths."""

_BUNDLE = "ca_bundle"
_VARIABLE, _OTHER_VARIABLE = "AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"


def refuse_unreadable(session: Session) -> None:
    """Raise OrganizationError if a configuration or credentials file exists but cannot be read."""
    for setting, variable in _FILES.items():
        path = Path(os.path.expandvars(session.get_config_variable(setting))).expanduser()
        try:
            path.open("rb").close()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise OrganizationError(
                f"cannot read {path}: {error.strerror}",
                code=UNREADABLE_AWS_FILE,
                hint=credential_hints.on_unreadable_file(variable),
            ) from None


def refuse_bundle(session: Session) -> None:
    """Raise OrganizationError if the configured CA bundle cannot be used."""
    path, source = _bundle(session)
    if path is None:
        return
    try:
        found = Path(path).stat()
        _load(path, found.st_mtime_ns, found.st_size)
    except OSError as error:
        no_pem = isinstance(error, ssl.SSLError)
        problem = "the file contains no certificates in PEM form" if no_pem else error.strerror
        raise OrganizationError(
            f"cannot use the CA bundle {path!r} ({source}): {problem}",
            code=INVALID_CA_BUNDLE,
            hint=credential_hints.on_ca_bundle(source),
        ) from None


def _bundle(session: Session) -> tuple[str | None, str]:
    """Return the path of the CA bundle, and the setting that names it."""
    path: str | None = session.get_config_variable(_BUNDLE)
    if path is not None:
        in_profile = _VARIABLE not in os.environ
        return path, f"{_BUNDLE} in the profile" if in_profile else _VARIABLE
    return os.environ.get(_OTHER_VARIABLE), _OTHER_VARIABLE


@made_once
def _load(path: str, _modified: int, _size: int) -> None:
    """Load a bundle; cached while the file is unchanged, since that takes tens of milliseconds."""
    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)


def endpoint_overrides(session: Session, services: Iterable[str]) -> Iterator[EndpointOverride]:
    """Yield the overridden services, with scheme and host only: the rest of a URL can be a secret.

    Raise OrganizationError for an invalid URL.
    """
    for service in services:
        if url := _configured_url(session, service):
            parts = _split_url(url, service)
            yield EndpointOverride(service, f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}")


def _configured_url(session: Session, service: str) -> str | None:
    if session.get_config_variable("ignore_configured_endpoint_urls"):
        return None
    provider: Any = ConfiguredEndpointProvider(
        full_config=session.full_config, scoped_config=session.get_scoped_config(), client_name=service
    )
    url: str | None = provider.provide()
    return url


def _split_url(url: str, service: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        if parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0:
            return parts
    except ValueError:  # a port that is not a number, or brackets that do not match
        pass
    raise OrganizationError(
        f"the endpoint configured for {service} is not a valid URL",
        code=INVALID_ENDPOINT,
        hint=credential_hints.INVALID_ENDPOINT,
    )
