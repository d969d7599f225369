"""An organization's credentials and clients: environment, profile, role, or a chain of roles."""

import json
import os
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import boto3
import botocore
from botocore.config import Config as ClientConfig
from botocore.configprovider import ConfiguredEndpointProvider
from botocore.credentials import CredentialProvider, CredentialResolver, DeferredRefreshableCredentials
from botocore.exceptions import BotoCoreError, ProfileNotFound
from botocore.loaders import Loader, create_loader
from botocore.parsers import ResponseParserError
from botocore.session import Session

from sso_batch import __version__
from sso_batch.aws.failures import printable
from sso_batch.config import Organization
from sso_batch.errors import OrganizationError
from sso_batch.workers import Workers

SERVICES = ("sts", "organizations", "sso-admin", "identitystore")
ACCOUNT_ACCESS = "account-access"

CALLS_AT_ONCE = 16
"""Of one organization: 20 a second at 300 ms each are 6, and Identity Store is asked beside sso-admin."""

_IN_XML = frozenset({"sts", "sns"})
"""The services that do not answer in JSON."""

_FIRST_ERROR = 400  # of HTTP's status codes

_DEFAULT_ROLE_DURATION = 3600  # of the roles on the way, which AWS allows no more than an hour


class Sessions:
    """Makes connections, one after the other in a thread of their own, as botocore's sessions ask."""

    def __init__(self) -> None:
        self._workers = Workers(1, "sessions")
        self._sources = Sources()

    async def connect(self, organization: Organization, region: str, services: Sequence[str]) -> "Connection":
        """Connect an organization in a Region; raises OrganizationError as Connection does."""
        return await self._workers.run(lambda: Connection(organization, region, services, self._sources))


class Sources:
    """The clients that assume the first role of a chain: one for all that begin with the same credentials."""

    def __init__(self) -> None:
        self._clients: dict[tuple[str | None, str], Any] = {}

    def client(self, profile: str | None, region: str) -> Any:  # noqa: ANN401 - made at run time
        """STS with the credentials of a profile, or of the environment."""
        key = profile, region
        if key not in self._clients:
            self._clients[key] = _client(_base_session(profile), "sts", region)
        return self._clients[key]


class Connection:
    """The clients of one organization in one Region, one for each service.

    Made in one thread, as botocore's sessions ask; used in many. The credentials of roles are renewed
    whenever they are about to end, however long a run takes.
    """

    def __init__(
        self,
        organization: Organization,
        region: str,
        services: Sequence[str] = SERVICES,
        sources: "Sources | None" = None,
    ) -> None:
        """Raise OrganizationError where the profile is unknown or could not work unattended."""
        try:
            self._session, self._roles = _session(organization, region, sources or Sources())
            self._clients = {service: _client(self._session, service, region) for service in services}
            self.endpoint_overrides = tuple(
                f"{service}={_without_credentials(url)}"
                for service in services
                if (url := _configured_endpoint(self._session, service))
            )
            """The services whose answers do not come from AWS's own endpoints, as `service=URL`."""
        except ProfileNotFound as error:
            raise OrganizationError(
                printable(str(error)),
                code="ProfileNotFound",
                hint="run `aws configure list-profiles` to see which profiles this machine has; in a "
                "container, mount the folder that holds them",
            ) from None
        except (BotoCoreError, ValueError) as error:  # a profile that names what does not exist
            raise OrganizationError(
                printable(str(error)),
                code=type(error).__name__,
                hint="mend the AWS configuration file",
            ) from None
        self.region = region

    def client(self, service: str) -> Any:  # noqa: ANN401 - a class that botocore makes at run time
        """The client of a service."""
        return self._clients[service]

    def renew(self) -> bool:
        """Have the roles assumed anew at the next call; False where there are none to assume."""
        for role in self._roles:
            role.expire()
        return bool(self._roles)

    def close(self) -> None:
        """Close the connections."""
        for client in self._clients.values():
            client.close()


class _Credentials(DeferredRefreshableCredentials):
    """A role's credentials, which renew themselves before they end, and when they are told to."""

    def expire(self) -> None:
        """Take them for expired, whatever AWS said of their end."""
        self._frozen_credentials = None


class _AssumedRole(CredentialProvider):
    """The credentials of a role, assumed through a client of STS when a call first needs them."""

    METHOD = "assume-role"

    def __init__(self, sts: Any, request: Mapping[str, object]) -> None:  # noqa: ANN401 - made at run time
        super().__init__()
        self._sts = sts
        self._request = request
        self._credentials = _Credentials(self._assume, self.METHOD)

    def load(self) -> DeferredRefreshableCredentials:
        """The credentials, which renew themselves."""
        return self._credentials

    def expire(self) -> None:
        """Assume the role anew at the next call."""
        self._credentials.expire()

    def _assume(self) -> dict[str, str]:
        credentials = self._sts.assume_role(**self._request)["Credentials"]
        return {
            "access_key": credentials["AccessKeyId"],
            "secret_key": credentials["SecretAccessKey"],
            "token": credentials["SessionToken"],
            "expiry_time": credentials["Expiration"].isoformat(),
        }


def _session(organization: Organization, region: str, sources: Sources) -> tuple[Session, list[_AssumedRole]]:
    """The session whose credentials are the organization's, and the roles that it assumes on the way."""
    profile = organization.profile or organization.source_profile
    session = _base_session(profile)
    roles: list[_AssumedRole] = []
    last = len(organization.role_arns) - 1
    for index, role_arn in enumerate(organization.role_arns):
        request: dict[str, object] = {
            "RoleArn": role_arn,
            "RoleSessionName": organization.session_name,
            "DurationSeconds": organization.duration_seconds if index == last else _DEFAULT_ROLE_DURATION,
        }
        if index == last and organization.external_id is not None:
            request["ExternalId"] = organization.external_id.get_secret_value()
        sts = _client(session, "sts", region) if roles else sources.client(profile, region)
        session = _base_session(profile) if roles else session
        roles.append(_AssumedRole(sts, request))
        session.register_component("credential_provider", CredentialResolver([roles[-1]]))
    return session, roles


def _base_session(profile: str | None) -> Session:
    session = Session(profile=profile)
    session.register_component("data_loader", _loader())
    if profile is not None or "AWS_ACCESS_KEY_ID" not in os.environ:  # which come before AWS_PROFILE
        used = profile or session.get_config_variable("profile") or "default"
        _refuse_mfa(session.full_config.get("profiles", {}), used)
    return session


def _refuse_mfa(profiles: Mapping[str, Mapping[str, str]], profile: str) -> None:
    """A profile, or one that it takes its credentials from, that would ask somebody for a code."""
    seen = set()
    name: str | None = profile
    while name is not None and name not in seen:
        seen.add(name)
        settings = profiles.get(name, {})
        if "role_arn" not in settings or "web_identity_token_file" in settings:
            return  # mfa_serial has a meaning beside a role that is assumed with other credentials alone
        if "mfa_serial" in settings:
            raise OrganizationError(
                f"the profile {name} asks for an MFA code (mfa_serial), and nobody is there to type it",
                code="MfaRequired",
                hint="name a profile without mfa_serial: IAM Identity Center's (`aws configure sso`), or a "
                "role whose trust policy asks for an external id instead of MFA",
            )
        name = settings.get("source_profile")


@cache
def _loader() -> Loader:
    """One loader of AWS's service models for all organizations: each would take 10 MB and 100 ms."""
    loader: Loader = create_loader()
    return loader


def _client(session: Session, service: str, region: str) -> Any:  # noqa: ANN401 - made at run time
    config = ClientConfig(
        retries={"total_max_attempts": 1, "mode": "standard"},  # the gateway tries again
        connect_timeout=5,
        read_timeout=30,
        max_pool_connections=CALLS_AT_ONCE,
        # Said once: botocore would put its own words for it together at each call.
        user_agent=f"sso-batch/{__version__} Botocore/{botocore.__version__}",
    )
    maker: Any = boto3.Session(botocore_session=session)  # typed for every service there is, by literal
    client = maker.client(service, region_name=region, config=config)
    if service not in _IN_XML:
        client.meta.events.register("before-parse", _refuse_broken_json)
    return client


def _refuse_broken_json(**event: Any) -> None:  # noqa: ANN401 - what botocore tells of an answer
    """Have a body that is no JSON object refused, where botocore would take it for an empty answer.

    An answer without its list, or without a policy, may well be a whole one, but only if it is an answer.
    """
    response = event["response_dict"]
    if response["status_code"] >= _FIRST_ERROR:
        return
    try:
        answer = json.loads(response["body"])
    except ValueError as error:
        raise ResponseParserError(f"the answer is not JSON: {error}") from None
    if not isinstance(answer, dict):
        raise ResponseParserError(f"the answer is no JSON object, but {type(answer).__name__}")


def _configured_endpoint(session: Session, service: str) -> str | None:
    if session.get_config_variable("ignore_configured_endpoint_urls"):
        return None
    provider: Any = ConfiguredEndpointProvider(
        full_config=session.full_config, scoped_config=session.get_scoped_config(), client_name=service
    )
    url: str | None = provider.provide()
    return url


def _without_credentials(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
