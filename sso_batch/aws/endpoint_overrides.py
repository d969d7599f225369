"""Endpoints that the environment or a profile uses instead of AWS's own."""

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import SplitResult, urlsplit

from botocore.configprovider import ConfiguredEndpointProvider
from botocore.session import Session

from sso_batch.aws.error_codes import INVALID_ENDPOINT
from sso_batch.aws.hints import credential_hints
from sso_batch.errors import OrganizationError


def endpoint_overrides(session: Session, services: Iterable[str]) -> Iterator[str]:
    """Yield the overridden services as `service=URL`: scheme and host only, since the rest can be a secret.

    Raise OrganizationError for an invalid URL.
    """
    for service in services:
        if url := _configured_url(session, service):
            parts = _split_url(url, service)
            yield f"{service}={parts.scheme}://{parts.netloc.rpartition('@')[2]}"


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
