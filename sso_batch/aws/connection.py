"""An organization's credentials and clients: environment, profile, role, or a chain of roles."""

import os
import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

import boto3
import botocore
from botocore.config import Config as ClientConfig
from botocore.credentials import CredentialProvider, CredentialResolver, DeferredRefreshableCredentials
from botocore.exceptions import BotoCoreError, ProfileNotFound
from botocore.loaders import Loader, create_loader
from botocore.session import Session

from sso_batch import __version__
from sso_batch.aws import credential_providers, hints
from sso_batch.aws.endpoint_overrides import overrides
from sso_batch.aws.error_mapping import in_words, variables_in
from sso_batch.aws.local_files import refuse_bundle, refuse_unreadable
from sso_batch.aws.regions import sts_regions
from sso_batch.aws.strict_parser import StrictParsers
from sso_batch.aws.sts import Sts, StsSession
from sso_batch.config import Organization
from sso_batch.errors import OrganizationError
from sso_batch.sanitize.log import clean

SERVICES = ("sts", "organizations", "sso-admin", "identitystore")
ACCOUNT_ACCESS = "account-access"

CALLS_AT_ONCE = 16
"""Of one organization: 20 a second at 300 ms each are 6, and Identity Store is asked beside sso-admin."""

CHECK_PARAMETERS = False
"""Whether botocore holds each call against AWS's models; the calls are ours, and the tests have it done."""

CONNECT_TIMEOUT = 5.0
READ_TIMEOUT = 30.0
"""Seconds without a word from AWS, after which a call is tried again."""

_CONFIG = ClientConfig(
    retries={"total_max_attempts": 1, "mode": "standard"},  # the gateway tries again
    connect_timeout=CONNECT_TIMEOUT,
    read_timeout=READ_TIMEOUT,
    # Said once: botocore would put its own words for it together at each call.
    user_agent=f"sso-batch/{__version__} Botocore/{botocore.__version__}",
)

_DEFAULT_ROLE_DURATION = 3600  # of the roles on the way, which AWS allows no more than an hour


_MAKING = threading.Lock()
"""Held while a client is made, which takes the processor alone: what all of them load is loaded once."""


class Sources:
    """The clients that assume the first role of a chain: one for all that begin with the same credentials.

    Asked for from many threads: whoever wants the same one waits until the first has made it.
    """

    def __init__(self) -> None:
        self._clients: dict[tuple[str | None, str], Sts] = {}
        self._making: dict[tuple[str | None, str], threading.Lock] = {}

    def client(self, profile: str | None, region: str) -> Sts:
        """STS with the credentials of a profile, or of the environment."""
        key = profile, region
        with self._making.setdefault(key, threading.Lock()):
            if key not in self._clients:
                self._clients[key] = _sts(_base_session(profile, region), region)
            return self._clients[key]

    def close(self) -> None:
        """Close the connections."""
        for client in tuple(self._clients.values()):
            client.close()


class Connection:
    """The clients of one organization in one Region, one for each service.

    Made in one thread; used in many. The credentials of roles are renewed whenever they are about to end,
    however long a run takes.
    """

    def __init__(
        self,
        organization: Organization,
        region: str,
        services: Sequence[str] = SERVICES,
        sources: "Sources | None" = None,
    ) -> None:
        """Raise OrganizationError where the profile is unknown or could not work unattended.

        LateCredentialsError is the one that may pass.
        """
        try:
            self._session, self._roles = _session(organization, region, sources or Sources())
            self.endpoint_overrides = tuple(overrides(self._session, services))
            """The services whose answers do not come from AWS's own endpoints, as `service=URL`."""
            self._clients = {service: _client(self._session, service, region) for service in services}
        except ProfileNotFound as error:
            raise OrganizationError(
                clean(str(error)),
                code="ProfileNotFound",
                hint=_on_profile(organization),
            ) from None
        except BotoCoreError as error:  # a profile that names what does not exist
            message = in_words(error)
            raise OrganizationError(
                message,
                code=type(error).__name__,
                hint=hints.on_setting(error, variables_in(message)),
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

    def __init__(self, sts: Sts, request: Mapping[str, object]) -> None:
        super().__init__()
        self._sts = sts
        self._request = request
        self._credentials = _Credentials(self._assume, self.METHOD, time_fetcher=_now)

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


def _now() -> datetime:
    """The time in UTC. botocore looks at each call whether credentials end; local time takes it longer."""
    return datetime.now(UTC)


def _session(organization: Organization, region: str, sources: Sources) -> tuple[Session, list[_AssumedRole]]:
    """The session whose credentials are the organization's, and the roles that it assumes on the way."""
    profile = organization.profile or organization.source_profile
    session = _base_session(profile, region)
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
        sts = _sts(session, region) if roles else sources.client(profile, region)
        session = _base_session(profile, region) if roles else session
        roles.append(_AssumedRole(sts, request))
        session.register_component("credential_provider", CredentialResolver([roles[-1]]))
    return session, roles


def _sts(session: Session, region: str) -> Sts:
    """STS with a session's credentials, which give those that are used in a Region."""
    return Sts(lambda one: _client(session, "sts", one), sts_regions(session, region))


def _base_session(profile: str | None, region: str) -> Session:
    session = StsSession(profile, region)
    session.set_default_client_config(_CONFIG)  # of the clients that botocore makes for credentials
    session.register_component("data_loader", _loader())
    session.register_component("response_parser_factory", StrictParsers())
    try:
        refuse_bundle(session)
    except ProfileNotFound:
        refuse_unreadable(session)
        raise
    credential_providers.prepare(session)
    if profile is not None or "AWS_ACCESS_KEY_ID" not in os.environ:  # which come before AWS_PROFILE
        used = profile or session.get_config_variable("profile") or "default"
        _refuse_mfa(session.full_config.get("profiles", {}), used)
    return session


def _on_profile(organization: Organization) -> str:
    """The hint for a profile that is not there, which the configuration or a variable names."""
    configured = organization.profile or organization.source_profile
    set_ = [name for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE") if name in os.environ]
    variable = "" if configured or not set_ else set_[0]
    return hints.on_profile(configured or os.environ.get(variable, ""), variable)


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
    own = ClientConfig(max_pool_connections=CALLS_AT_ONCE, parameter_validation=CHECK_PARAMETERS)
    tuple(overrides(session, [service]))  # refuses in words what botocore would fall over
    credential_providers.load(session)  # which may take its time; the rest does not
    try:
        with _MAKING:
            maker: Any = boto3.Session(botocore_session=session)  # typed for every service, by literal
            return maker.client(service, region_name=region, config=_CONFIG.merge(own))
    except (OSError, ValueError, AttributeError, KeyError, TypeError) as error:
        # botocore takes what the environment gives for right.
        raise OrganizationError(
            f"botocore cannot make a client of {service}: {type(error).__name__}",
            code="UnusableSettings",
            hint="look at AWS_ENDPOINT_URL, the other AWS_* variables and the profile: a value there has not "
            "the form that AWS's tools ask for",
        ) from None
