"""STS, in the first Region in which it accepts the caller's credentials, and the roles that it assumes.

The credentials of a role are renewed before they expire, however long a run takes.
"""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from datetime import UTC, datetime
from typing import Any

from botocore.credentials import CredentialProvider, DeferredRefreshableCredentials
from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, EndpointConnectionError
from botocore.hooks import HierarchicalEmitter
from botocore.parsers import ResponseParserError
from botocore.session import Session

from sso_batch.aws.botocore_internals import RenewableCredentials
from sso_batch.aws.error_codes import STS_OFF_IN_REGION
from sso_batch.aws.made_once import made_once
from sso_batch.aws.regions import sts_regions

_UNREACHED = (ConnectTimeoutError, EndpointConnectionError)
_SESSION_CREDENTIALS = frozenset({"AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"})


class Sts:
    """The STS calls that return a role's credentials, with several Regions to try in turn.

    `make` returns the client of a Region. The next Region is tried if STS cannot be reached, or does not
    accept the caller. The Region that answers comes first from then on. Exceptions that are raised get the
    attributes `operation_name` and `sts_regions`, the Regions tried.
    """

    def __init__(self, make: Callable[[str], Any], regions: Sequence[str]) -> None:
        self._make = make
        self._regions = tuple(regions)
        self._clients = {self._regions[0]: make(self._regions[0])}

    def assume_role(self, **request: object) -> Mapping[str, Any]:
        """Assume a role with the client's credentials."""
        return self._call("AssumeRole", "assume_role", request)

    def assume_role_with_web_identity(self, **request: object) -> Mapping[str, Any]:
        """Assume a role with the token of an identity provider."""
        return self._call("AssumeRoleWithWebIdentity", "assume_role_with_web_identity", request)

    def close(self) -> None:
        """Close the connections."""
        for client in tuple(self._clients.values()):
            client.close()

    def _call(self, operation: str, method: str, request: Mapping[str, object]) -> Mapping[str, Any]:
        regions = self._regions
        for number, region in enumerate(regions, start=1):
            try:
                answer: Mapping[str, Any] = getattr(self._client(region), method)(**request)
                _check_credentials(answer)
            except (BotoCoreError, ClientError, ResponseParserError) as error:
                if number < len(regions) and _may_work_elsewhere(error):
                    continue
                # For failure_from, which would otherwise name the call that needs the credentials.
                for name, value in (("operation_name", operation), ("sts_regions", regions[:number])):
                    setattr(error, name, value)
                raise
            self._regions = (region, *(other for other in regions if other != region))
            return answer
        raise AssertionError  # pragma: no cover - there is at least one Region

    def _client(self, region: str) -> Any:  # noqa: ANN401 - botocore makes its class at run time
        if region not in self._clients:
            self._clients[region] = self._make(region)
        return self._clients[region]


class StsSession(Session):
    """A session whose profile assumes its role, if it has one, through `Sts`.

    botocore would call STS in the profile's Region, or at sts.amazonaws.com. `region` is where the
    credentials are used.
    """

    def __init__(self, profile: str | None, region: str) -> None:
        # With a copy of the handlers, because botocore needs milliseconds to register them.
        super().__init__(
            event_hooks=copy(_builtin_handlers()), include_builtin_handlers=False, profile=profile
        )
        self._region = region

    def create_client(  # type: ignore[override] # botocore's has a dozen parameters, which are passed on
        self,
        service_name: str,
        region_name: str | None = None,
        **settings: Any,  # noqa: ANN401 - likewise
    ) -> Any:  # noqa: ANN401 - botocore makes its class at run time
        """Return a client; for STS without a Region, as botocore requests it for credentials, an `Sts`."""
        create = super().create_client
        if service_name != "sts" or region_name is not None:
            return create(service_name, region_name, **settings)
        return Sts(lambda sts_region: create("sts", sts_region, **settings), sts_regions(self, self._region))


@made_once
def _builtin_handlers() -> HierarchicalEmitter:
    """Return the handlers that botocore registers in every session, for copies of them."""
    handlers = HierarchicalEmitter()
    Session(event_hooks=handlers)
    return handlers


def _check_credentials(answer: Mapping[str, Any]) -> None:
    """Raise ResponseParserError if the credentials in an answer are incomplete."""
    if missing := _SESSION_CREDENTIALS - answer.get("Credentials", {}).keys():
        raise ResponseParserError(f"the answer lacks {', '.join(sorted(missing))}")


def _may_work_elsewhere(error: Exception) -> bool:
    """Return whether STS may accept the same credentials in another Region."""
    if isinstance(error, ClientError):
        return error.response.get("Error", {}).get("Code") in STS_OFF_IN_REGION
    return isinstance(error, _UNREACHED)


class AssumedRole(CredentialProvider):
    """A provider of a role's credentials; the role is assumed when a call first needs them."""

    METHOD = "assume-role"

    def __init__(self, sts: Sts, request: Mapping[str, object]) -> None:
        super().__init__()
        self._sts = sts
        self._request = request
        self._credentials = RenewableCredentials(self._assume, self.METHOD, time_fetcher=_now)

    def load(self) -> DeferredRefreshableCredentials:
        """Return the credentials, which renew themselves."""
        return self._credentials

    def expire(self) -> None:
        """Make the next call assume the role again."""
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
    """Return the time in UTC. botocore checks the expiry at each call; local time would be slower."""
    return datetime.now(UTC)
