"""The authentication of requests: long-lived keys, sessions of assumed roles, and signatures."""

import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase

from sso_batch.emulator.http import Request
from sso_batch.emulator.protocols import ErrorResponse
from sso_batch.emulator.signature import Signature, read_signature, sign, signed_at
from sso_batch.emulator.world import AccessKey, Role
from sso_batch.emulator.world.identifiers import digest

SKEW = timedelta(minutes=5)
_STAMP = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated principal; `role_arn` is set if it assumed a role."""

    arn: str
    user_id: str
    denied: tuple[str, ...] = ()
    role_arn: str | None = None
    allowed: tuple[str, ...] | None = None

    @property
    def account_id(self) -> str:
        """The account that the caller belongs to."""
        return self.arn.split(":")[4]

    @property
    def partition(self) -> str:
        """The AWS partition of the caller."""
        return self.arn.split(":")[1]

    def is_allowed(self, action: str) -> bool:
        """Return whether the caller's policies allow an IAM action; GetCallerIdentity needs no permission."""
        allowed = self.allowed is None or action in {*self.allowed, "sts:GetCallerIdentity"}
        return allowed and not any(fnmatchcase(action, pattern) for pattern in self.denied)

    def is_trusted_by(self, role: Role) -> bool:
        """Return whether a role's trust policy names the caller, its assumed role or its account."""
        root = f"arn:{self.partition}:iam::{self.account_id}:root"
        return bool({self.arn, self.role_arn, self.account_id, root} & set(role.trusted))


@dataclass(frozen=True, slots=True)
class Credentials:
    """A key that signs requests; session keys also have a token and an expiry in seconds since 1970."""

    access_key_id: str
    secret: str
    caller: Caller
    token: str | None = None
    expires_at: float | None = None
    disabled_regions: tuple[str, ...] = ()


class Authenticator:
    """All known credentials, and the verification of each request with them."""

    def __init__(self, clock: Callable[[], float], signing_clock: Callable[[], float]) -> None:
        self._clock = clock
        self._signing_clock = signing_clock
        self._sessions = 0
        self._known: dict[str, Credentials] = {}

    def add_keys(self, keys: Iterable[AccessKey]) -> None:
        """Add long-lived keys."""
        for key in keys:
            caller = Caller(key.user_arn, f"AIDA{digest(17, key.user_arn).upper()}", key.denied)
            self._known[key.id] = Credentials(
                key.id, key.secret, caller, disabled_regions=key.disabled_regions
            )

    def create_session(self, role: Role, session_name: str, seconds: float) -> Credentials:
        """Return new credentials of an assumed role that expire after `seconds`."""
        self._sessions += 1
        number = str(self._sessions)
        partition, account, name = (role.arn.split(":")[place] for place in (1, 4, 5))
        short_name = name.rpartition("/")[2]
        caller = Caller(
            arn=f"arn:{partition}:sts::{account}:assumed-role/{short_name}/{session_name}",
            user_id=f"AROA{digest(17, role.arn).upper()}:{session_name}",
            denied=role.denied,
            role_arn=role.arn,
            allowed=role.allowed,
        )
        session = Credentials(
            access_key_id=f"ASIA{digest(16, role.arn, number).upper()}",
            secret=digest(40, role.arn, number, "secret"),
            caller=caller,
            token=digest(64, role.arn, number, "token") * 4,
            expires_at=self._clock() + seconds,
        )
        self._known[session.access_key_id] = session
        return session

    def authenticate(self, request: Request, service: str) -> tuple[Caller, Signature]:
        """Return the caller and signature of a request; raise ErrorResponse with a JSON service's code."""
        signature = read_signature(request.headers.get("authorization", ""))
        if signature is None:
            raise ErrorResponse("MissingAuthenticationTokenException", "Missing Authentication Token")
        credentials = self._known.get(signature.access_key_id)
        if (
            credentials is None
            or request.headers.get("x-amz-security-token") != credentials.token
            or signature.region in credentials.disabled_regions
        ):
            raise ErrorResponse(
                "UnrecognizedClientException", "The security token included in the request is invalid."
            )
        if credentials.expires_at is not None and self._clock() >= credentials.expires_at:
            raise expired_token()
        self._check_date(request, signature)
        if signature.service != service:
            raise ErrorResponse(
                "InvalidSignatureException", f"Credential should be scoped to correct service: '{service}'."
            )
        if not hmac.compare_digest(sign(request, signature, credentials.secret), signature.value):
            raise ErrorResponse(
                "InvalidSignatureException",
                "The request signature we calculated does not match the signature you provided. Check your "
                "AWS Secret Access Key and signing method. Consult the service documentation for details.",
            )
        return credentials.caller, signature

    def _check_date(self, request: Request, signature: Signature) -> None:
        signed = signed_at(request)
        if signed is None or not signed.strftime(_STAMP).startswith(signature.date):
            raise ErrorResponse(
                "InvalidSignatureException",
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP",
            )
        now = datetime.fromtimestamp(self._signing_clock(), UTC)
        if signed < now - SKEW:
            raise ErrorResponse(
                "InvalidSignatureException",
                f"Signature expired: {signed.strftime(_STAMP)} is now earlier than "
                f"{(now - SKEW).strftime(_STAMP)} ({now.strftime(_STAMP)} - 5 min.)",
            )
        if signed > now + SKEW:
            raise ErrorResponse(
                "InvalidSignatureException",
                f"Signature not yet current: {signed.strftime(_STAMP)} is still later than "
                f"{(now + SKEW).strftime(_STAMP)} ({now.strftime(_STAMP)} + 5 min.)",
            )


def expired_token() -> ErrorResponse:
    """Return the error for an expired session."""
    return ErrorResponse("ExpiredTokenException", "The security token included in the request is expired")
