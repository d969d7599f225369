"""Credentials and clients: from the environment, a profile, a role, or a chain of roles."""

import os
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import boto3
import botocore
from botocore.config import Config as ClientConfig
from botocore.credentials import CredentialResolver
from botocore.exceptions import BotoCoreError, ProfileNotFound
from botocore.loaders import Loader, create_loader
from botocore.session import Session

from sso_batch import __version__
from sso_batch.aws import credential_hints, credential_providers
from sso_batch.aws.botocore_internals import resolve_endpoints_once
from sso_batch.aws.credential_source import CredentialSource
from sso_batch.aws.error_codes import MFA_REQUIRED, PROFILE_NOT_FOUND, UNUSABLE_SETTINGS
from sso_batch.aws.error_mapping import describe_error, variables_quoted_in
from sso_batch.aws.made_once import made_once
from sso_batch.aws.regions import sts_regions
from sso_batch.aws.sdk_settings import endpoint_overrides, refuse_bundle, refuse_unreadable
from sso_batch.aws.strict_parser import StrictParserFactory
from sso_batch.aws.sts import AssumedRole, Sts, StsSession
from sso_batch.errors import OrganizationError
from sso_batch.sanitize import clean_message

SERVICES = ("sts", "organizations", "sso-admin", "identitystore")
ACCOUNT_ACCESS = "account-access"
IAM = "iam"
CLOUDTRAIL = "cloudtrail"

CALLS_AT_ONCE = 16
"""Of one organization: 20 a second at 300 ms each are 6, and Identity Store has limits of its own."""

CHECK_PARAMETERS = False
"""Whether botocore validates each call against AWS's models. The calls are ours; the tests turn it on."""

CONNECT_TIMEOUT = 5.0
READ_TIMEOUT = 30.0
"""Seconds without data from AWS, after which a call is retried."""

CLIENT_CONFIG = ClientConfig(
    retries={"total_max_attempts": 1, "mode": "standard"},  # the gateway retries
    connect_timeout=CONNECT_TIMEOUT,
    read_timeout=READ_TIMEOUT,
    # Without it, botocore would compute its own user agent at each call.
    user_agent=f"sso-batch/{__version__} Botocore/{botocore.__version__}",
)

_CHAINED_ROLE_DURATION = 3600  # AWS's maximum for a role whose credentials assume the next one

_MAKING_CLIENT = threading.Lock()
"""Client creation is CPU-bound and loads shared service models; serialize it so that they are loaded once."""


class SourceClients:
    """The STS clients that assume the first role of a chain, shared by equal source credentials."""

    def __init__(self) -> None:
        self._made: list[Sts] = []
        self.client = made_once(self._make)
        """Returns STS with the credentials of a profile, or of the environment, in a Region."""

    def close(self) -> None:
        """Close the connections."""
        for client in tuple(self._made):
            client.close()

    def _make(self, profile: str | None, region: str) -> Sts:
        client = _sts(_base_session(profile, region), region)
        self._made.append(client)
        return client


class Connection:
    """The clients of some services in one Region, with the credentials of one source.

    Made in one thread; used in many.
    """

    def __init__(
        self,
        source: CredentialSource,
        region: str,
        services: Sequence[str] = SERVICES,
        source_clients: SourceClients | None = None,
    ) -> None:
        """Raise OrganizationError if the profile is unknown or could not work unattended.

        Its subclass LateCredentialsError means that a later attempt may succeed.
        """
        try:
            self._session, self._roles = _session(source, region, source_clients or SourceClients())
            self.endpoint_overrides = tuple(endpoint_overrides(self._session, services))
            """The services whose answers do not come from AWS's own endpoints."""
            self._clients = {service: _client(self._session, service, region) for service in services}
        except ProfileNotFound as error:
            raise OrganizationError(
                clean_message(str(error)), code=PROFILE_NOT_FOUND, hint=_profile_hint(source.profile)
            ) from None
        except BotoCoreError as error:  # a profile that names something that does not exist
            message = describe_error(error)
            raise OrganizationError(
                message,
                code=type(error).__name__,
                hint=credential_hints.on_setting(error, variables_quoted_in(message)),
            ) from None
        self.region = region

    def client(self, service: str) -> Any:  # noqa: ANN401 - botocore makes its class at run time
        """Return the client of a service."""
        return self._clients[service]

    def renew(self) -> bool:
        """Make the next call assume the roles again; return False if there are none."""
        for role in self._roles:
            role.expire()
        return bool(self._roles)

    def close(self) -> None:
        """Close the connections."""
        for client in self._clients.values():
            client.close()


def _session(
    source: CredentialSource, region: str, source_clients: SourceClients
) -> tuple[Session, list[AssumedRole]]:
    """Return the session with the source's credentials, and the roles that it assumes in turn."""
    session = _base_session(source.profile, region)
    roles: list[AssumedRole] = []
    last = len(source.role_arns) - 1
    for index, role_arn in enumerate(source.role_arns):
        request: dict[str, object] = {
            "RoleArn": role_arn,
            "RoleSessionName": source.session_name,
            "DurationSeconds": source.duration_seconds if index == last else _CHAINED_ROLE_DURATION,
        }
        if index == last and source.external_id is not None:
            request["ExternalId"] = source.external_id
        sts = _sts(session, region) if roles else source_clients.client(source.profile, region)
        session = _base_session(source.profile, region) if roles else session
        roles.append(AssumedRole(sts, request))
        session.register_component("credential_provider", CredentialResolver([roles[-1]]))
    return session, roles


def _sts(session: Session, region: str) -> Sts:
    """Return STS with a session's credentials, to get those that are used in a Region."""
    return Sts(lambda sts_region: _client(session, "sts", sts_region), sts_regions(session, region))


def _base_session(profile: str | None, region: str) -> Session:
    session = StsSession(profile, region)
    session.set_default_client_config(CLIENT_CONFIG)  # of the clients that botocore makes for credentials
    session.register_component("data_loader", _loader())
    session.register_component("response_parser_factory", StrictParserFactory())
    try:
        refuse_bundle(session)
    except ProfileNotFound:
        refuse_unreadable(session)
        raise
    credential_providers.prepare(session)
    if (
        profile is not None or "AWS_ACCESS_KEY_ID" not in os.environ
    ):  # which takes precedence over AWS_PROFILE
        used = profile or session.get_config_variable("profile") or "default"
        _refuse_mfa(session.full_config.get("profiles", {}), used)
    return session


def _profile_hint(configured: str | None) -> str:
    """Return the hint for an unknown profile, which the configuration or a variable names."""
    set_ = [name for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE") if name in os.environ]
    variable = "" if configured or not set_ else set_[0]
    return credential_hints.on_profile(configured or os.environ.get(variable, ""), variable)


def _refuse_mfa(profiles: Mapping[str, Mapping[str, str]], profile: str) -> None:
    """Raise OrganizationError if a profile, or a source profile of it, would ask for an MFA code."""
    seen = set()
    name: str | None = profile
    while name is not None and name not in seen:
        seen.add(name)
        settings = profiles.get(name, {})
        if "role_arn" not in settings or "web_identity_token_file" in settings:
            return  # mfa_serial only matters with a role that is assumed with other credentials
        if "mfa_serial" in settings:
            raise OrganizationError(
                f"the profile {name} asks for an MFA code (mfa_serial), which nobody can type in a run",
                code=MFA_REQUIRED,
                hint=credential_hints.MFA_REQUIRED,
            )
        name = settings.get("source_profile")


@made_once
def _loader() -> Loader:
    """Return the one loader of AWS's service models; each further one would take 10 MB and 100 ms."""
    loader: Loader = create_loader()
    return loader


def _client(session: Session, service: str, region: str) -> Any:  # noqa: ANN401 - botocore makes its class at run time
    """Return a client of a service; raise OrganizationError for settings that botocore cannot use."""
    own = ClientConfig(max_pool_connections=CALLS_AT_ONCE, parameter_validation=CHECK_PARAMETERS)
    tuple(endpoint_overrides(session, [service]))  # raises a clear error where botocore would not
    credential_providers.load(session)  # can be slow, and needs no lock
    try:
        with _MAKING_CLIENT:
            factory: Any = boto3.Session(botocore_session=session)  # its stubs accept literal names only
            client = factory.client(service, region_name=region, config=CLIENT_CONFIG.merge(own))
    except (OSError, ValueError, AttributeError, KeyError, TypeError) as error:
        # botocore does not validate what the environment contains.
        raise OrganizationError(
            f"botocore cannot create a client for {service}: {type(error).__name__}",
            code=UNUSABLE_SETTINGS,
            hint=credential_hints.UNUSABLE_SETTINGS,
        ) from None
    resolve_endpoints_once(client)
    return client
