"""Where answers come from: endpoints that the environment or a profile puts in the place of AWS's own."""

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import SplitResult, urlsplit

from botocore.configprovider import ConfiguredEndpointProvider
from botocore.session import Session

from sso_batch.errors import OrganizationError


def overrides(session: Session, services: Iterable[str]) -> Iterator[str]:
    """The overridden services as `service=URL`: scheme and host only, since the rest can hold a secret.

    Raises OrganizationError for an override that is no URL.
    """
    for service in services:
        if url := _configured(session, service):
            parts = _parts(url, service)
            yield f"{service}={parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _configured(session: Session, service: str) -> str | None:
    if session.get_config_variable("ignore_configured_endpoint_urls"):
        return None
    provider: Any = ConfiguredEndpointProvider(
        full_config=session.full_config, scoped_config=session.get_scoped_config(), client_name=service
    )
    url: str | None = provider.provide()
    return url


def _parts(url: str, service: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        if parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0:
            return parts
    except ValueError:  # a port that is no number, brackets that do not match
        pass
    raise OrganizationError(
        f"the endpoint that is configured for {service} is no URL",
        code="InvalidEndpoint",
        hint="write https://HOST or http://HOST:PORT in AWS_ENDPOINT_URL, or in the profile's endpoint_url",
    )
