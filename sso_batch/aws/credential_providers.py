"""Where botocore looks for credentials: an agent that is late is not one that is missing."""

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

from sso_batch.aws import hints
from sso_batch.aws.error_mapping import UNUSABLE, UNUSABLE_CODE, from_exception
from sso_batch.aws.local_files import refuse_unreadable
from sso_batch.aws.operations import GET_CALLER_IDENTITY
from sso_batch.errors import OrganizationError

_OK = 200
_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500
_PATIENCE = 1  # second, as botocore's own
_TOKEN_SECONDS = "60"  # noqa: S105 - a length of time
_ROLE = "latest/meta-data/iam/security-credentials/"
_ENDPOINT = "ec2_metadata_service_endpoint"


class LateCredentialsError(OrganizationError):
    """What gives the credentials does not give them yet: connecting again may succeed."""


def prepare(session: Session) -> None:
    """Have a session ask each agent once, and report those that are late: whoever calls tries again."""
    session.lazy_register_component("credential_provider", lambda: _resolver(session))
    session.register("after-call.sso-oidc.CreateToken", _refuse_late_token)


def load(session: Session) -> None:
    """Load a session's credentials, but for those of roles, which the first call assumes."""
    try:
        credentials = session.get_credentials()
        deferred = isinstance(credentials, DeferredRefreshableCredentials)
        frozen = None if credentials is None or deferred else credentials.get_frozen_credentials()
    except Exception as error:
        failure = from_exception(GET_CALLER_IDENTITY, error)
        if failure.transient:
            raise LateCredentialsError(failure.message, code=failure.code, hint=failure.hint) from None
        if isinstance(error, BotoCoreError):
            raise
        raise OrganizationError(failure.message, code=failure.code, hint=failure.hint) from None
    if credentials is None:
        refuse_unreadable(session)
        # botocore would look everywhere again for each client.
        session.register_component("credential_provider", CredentialResolver([]))
    if frozen is None:
        return
    for name, value in (("access key", frozen.access_key), ("secret key", frozen.secret_key)):
        _refuse_strange(name, value)
    if frozen.token is not None:
        _refuse_strange("session token", frozen.token)


def _resolver(session: Session) -> CredentialResolver:
    resolver = create_credential_resolver(session)
    container = ContainerProvider(fetcher=_Agent())  # type: ignore[arg-type] # its stub is wrong
    resolver.insert_before("container-role", container)
    resolver.insert_after("iam-role", _LateMetadata(session))
    return resolver


class _Agent(ContainerMetadataFetcher):
    """Asks the agent of a container (EKS Pod Identity, ECS) for credentials."""

    RETRY_ATTEMPTS = 1

    def __init__(self) -> None:
        super().__init__(sleep=lambda _seconds: None)

    def retrieve_full_uri(self, full_url: str, headers: Any | None = None) -> Any:  # noqa: ANN401 - botocore's
        """Return the credentials; raises MetadataRetrievalError where the answer holds none."""
        answer = super().retrieve_full_uri(full_url, headers)
        try:
            keys = [answer["AccessKeyId"], answer["SecretAccessKey"], answer["Token"]]
            whole = all(isinstance(key, str) for key in keys) and parse(answer["Expiration"]).tzinfo
        except (KeyError, TypeError, ValueError, OverflowError):
            whole = False
        if not whole:
            raise MetadataRetrievalError(error_msg="the answer holds no credentials")
        return answer


class _LateMetadata(CredentialProvider):
    """Comes after all others, and raises CredentialRetrievalError where EC2's metadata service is just late.

    botocore takes a service that answers 503 for one that is not there. A service that is configured has to
    answer; any other one counts if it has trouble of its own, or has a role: other clouds answer 404 there.
    """

    METHOD = "late-metadata"

    def load(self) -> None:
        """Raise where credentials may come later; otherwise nothing gives any."""
        session: Session = self.session
        if os.environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
            return
        configured = session.get_config_variable(_ENDPOINT)
        status = _status(session)
        if configured or status == _OK or _is_trouble(status):
            told = f"answers with status {status}" if status else "does not answer"
            raise CredentialRetrievalError(
                provider="iam-role", error_msg=f"the instance metadata service {told}, without credentials"
            )


def _status(session: Session) -> int:
    """Return what the metadata service says to the question for its role; 0 where nobody answers."""
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
        if _is_trouble(token.status_code):
            return int(token.status_code)
        known = {"x-aws-ec2-metadata-token": token.text} if token.status_code == _OK else {}
        return int(ask("GET", _ROLE, known).status_code)
    except BotoCoreError:
        return 0


def _is_trouble(status: int) -> bool:
    """Whether an HTTP status says that the same request may succeed later."""
    return status == _TOO_MANY_REQUESTS or status >= _SERVER_ERROR


def _refuse_late_token(**event: Any) -> None:  # noqa: ANN401 - botocore's
    """Raise where the endpoint of SSO tokens has trouble: botocore would call the login expired."""
    status = event["http_response"].status_code
    if _is_trouble(status):
        raise CredentialRetrievalError(
            provider="sso", error_msg=f"the endpoint of SSO tokens answers with status {status}"
        )


def _refuse_strange(name: str, value: object) -> None:
    """Raise OrganizationError for a credential that no request can carry."""
    if not isinstance(value, str):
        why = "is no text"
    elif not value.isascii() or not value.isprintable():
        why = "holds a line break or another character that no key has"
    else:
        return
    raise OrganizationError(f"{UNUSABLE}: the {name} {why}", code=UNUSABLE_CODE, hint=hints.UNUSABLE)
