"""Where botocore looks for credentials: an agent that is late is not taken for one that does not exist."""

import os
from typing import Any

from botocore.awsrequest import AWSRequest
from botocore.credentials import (
    ContainerProvider,
    CredentialProvider,
    CredentialResolver,
    DeferredRefreshableCredentials,
    create_credential_resolver,
)
from botocore.exceptions import BotoCoreError, CredentialRetrievalError, MetadataRetrievalError
from botocore.httpsession import URLLib3Session
from botocore.session import Session
from botocore.utils import (
    ContainerMetadataFetcher,
    IMDSFetcher,
    get_environ_proxies,
    resolve_imds_endpoint_mode,
)
from dateutil.parser import parse  # type: ignore[import-untyped] # botocore's own dependency

from sso_batch.aws import credential_hints
from sso_batch.aws.botocore_internals import CONTAINER_PROVIDER, INSTANCE_PROVIDER, SSO_PROVIDER
from sso_batch.aws.error_codes import UNUSABLE_CREDENTIALS
from sso_batch.aws.error_mapping import UNUSABLE, failure_from
from sso_batch.aws.operations import GET_CALLER_IDENTITY
from sso_batch.aws.sdk_settings import refuse_unreadable
from sso_batch.errors import OrganizationError

_OK = 200
_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500
_PATIENCE = 1  # second, as in botocore
_TOKEN_SECONDS = "60"  # noqa: S105 - a duration
_ROLE = "latest/meta-data/iam/security-credentials/"
_ENDPOINT = "ec2_metadata_service_endpoint"


class LateCredentialsError(OrganizationError):
    """Credentials that are not available yet: a later attempt may succeed."""


def prepare(session: Session) -> None:
    """Make a session ask each agent once, and raise for one that is late: the caller retries."""
    session.lazy_register_component("credential_provider", lambda: _resolver(session))
    session.register("after-call.sso-oidc.CreateToken", _refuse_late_token)


def load(session: Session) -> None:
    """Load and check a session's credentials, except those of roles, which the first call assumes.

    Raise LateCredentialsError if they may come later, and OrganizationError or BotoCoreError otherwise.
    """
    try:
        credentials = session.get_credentials()
        deferred = isinstance(credentials, DeferredRefreshableCredentials)
        frozen = None if credentials is None or deferred else credentials.get_frozen_credentials()
    except Exception as error:
        failure = failure_from(GET_CALLER_IDENTITY, error)
        if failure.transient:
            raise LateCredentialsError(failure.message, code=failure.code, hint=failure.hint) from None
        if isinstance(error, BotoCoreError):
            raise
        raise OrganizationError(failure.message, code=failure.code, hint=failure.hint) from None
    if credentials is None:
        refuse_unreadable(session)
        # Without this, botocore would search everywhere again for each client.
        session.register_component("credential_provider", CredentialResolver([]))
    if frozen is None:
        return
    for name, value in (("access key", frozen.access_key), ("secret key", frozen.secret_key)):
        _refuse_unsendable(name, value)
    if frozen.token is not None:
        _refuse_unsendable("session token", frozen.token)


def _resolver(session: Session) -> CredentialResolver:
    resolver = create_credential_resolver(session)
    container = ContainerProvider(fetcher=_AgentFetcher())  # type: ignore[arg-type] # its stub is wrong
    resolver.insert_before(CONTAINER_PROVIDER, container)
    resolver.insert_after(INSTANCE_PROVIDER, _LateMetadata(session))
    return resolver


class _AgentFetcher(ContainerMetadataFetcher):
    """Fetches credentials from the agent of a container (EKS Pod Identity, ECS), in one attempt."""

    RETRY_ATTEMPTS = 1

    def __init__(self) -> None:
        super().__init__(sleep=lambda _seconds: None)

    def retrieve_full_uri(self, full_url: str, headers: Any | None = None) -> Any:  # noqa: ANN401 - botocore's
        """Return the credentials; raise MetadataRetrievalError if the answer contains none."""
        answer = super().retrieve_full_uri(full_url, headers)
        try:
            keys = [answer["AccessKeyId"], answer["SecretAccessKey"], answer["Token"]]
            valid = all(isinstance(key, str) for key in keys) and parse(answer["Expiration"]).tzinfo
        except (KeyError, TypeError, ValueError, OverflowError):
            valid = False
        if not valid:
            raise MetadataRetrievalError(error_msg="the answer contains no credentials")
        return answer


class _LateMetadata(CredentialProvider):
    """The last provider: it raises CredentialRetrievalError if EC2's metadata service is only late.

    botocore treats a service that answers 503 as one that does not exist. A configured service must answer;
    any other one counts if it reports a temporary error, or has a role: other clouds answer 404 there.
    """

    METHOD = "late-metadata"

    def load(self) -> None:
        """Raise if credentials may come later; otherwise supply none."""
        session: Session = self.session
        if os.environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
            return
        configured = session.get_config_variable(_ENDPOINT)
        status = _status(session)
        if configured or status == _OK or _may_pass(status):
            behaviour = f"answers with status {status}" if status else "does not answer"
            raise CredentialRetrievalError(
                provider=INSTANCE_PROVIDER,
                error_msg=f"the instance metadata service {behaviour}, without credentials",
            )


def _status(session: Session) -> int:
    """Return the metadata service's HTTP status for its role, or 0 if it does not answer."""
    settings = {
        _ENDPOINT: session.get_config_variable(_ENDPOINT),
        f"{_ENDPOINT}_mode": resolve_imds_endpoint_mode(session),
    }
    base: str = IMDSFetcher(config=settings).get_base_url()
    http = URLLib3Session(timeout=_PATIENCE, proxies=get_environ_proxies(base))

    def ask(method: str, path: str, headers: dict[str, str]) -> Any:  # noqa: ANN401 - botocore's answer
        return http.send(AWSRequest(method, f"{base.rstrip('/')}/{path}", headers).prepare())

    try:
        token = ask("PUT", "latest/api/token", {"x-aws-ec2-metadata-token-ttl-seconds": _TOKEN_SECONDS})
        if _may_pass(token.status_code):
            return int(token.status_code)
        known = {"x-aws-ec2-metadata-token": token.text} if token.status_code == _OK else {}
        return int(ask("GET", _ROLE, known).status_code)
    except BotoCoreError:
        return 0


def _may_pass(status: int) -> bool:
    """Return whether an HTTP status means that the same request may succeed later."""
    return status == _TOO_MANY_REQUESTS or status >= _SERVER_ERROR


def _refuse_late_token(**event: Any) -> None:  # noqa: ANN401 - botocore's
    """Raise if the endpoint of SSO tokens fails: botocore would report an expired sign-in."""
    status = event["http_response"].status_code
    if _may_pass(status):
        raise CredentialRetrievalError(
            provider=SSO_PROVIDER, error_msg=f"the endpoint of SSO tokens answers with status {status}"
        )


def _refuse_unsendable(name: str, value: object) -> None:
    """Raise OrganizationError for a credential that cannot be part of a request."""
    if not isinstance(value, str):
        why = "is not text"
    elif not value.isascii() or not value.isprintable():
        why = "contains a line break or another character that is not allowed in keys"
    else:
        return
    hint = credential_hints.UNUSABLE_SOURCE
    raise OrganizationError(f"{UNUSABLE}: the {name} {why}", code=UNUSABLE_CREDENTIALS, hint=hint)
