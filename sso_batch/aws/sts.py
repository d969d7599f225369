"""STS, in the first Region in which it accepts the caller's credentials."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, EndpointConnectionError
from botocore.parsers import ResponseParserError
from botocore.session import Session

from sso_batch.aws.regions import sts_regions

_NOT_ENABLED = frozenset(
    {
        "RegionDisabledException",
        "InvalidClientTokenId",  # what STS says to keys of an account in which its Region is not enabled
        "UnrecognizedClientException",
        "InvalidIdentityToken",  # and to web identities, whose provider it does not know there
    }
)
_UNREACHED = (ConnectTimeoutError, EndpointConnectionError)
_OF_A_SESSION = frozenset({"AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"})


class Sts:
    """The calls of STS that give credentials of a role, asked in several Regions in turn.

    `make` gives the client of a Region. The next Region is asked where STS cannot be reached, or says that
    it does not know the caller. The one that answers is asked first from then on. What is raised has the
    attributes `operation_name` and `sts_regions`, those asked.
    """

    def __init__(self, make: Callable[[str], Any], regions: Sequence[str]) -> None:
        self._make = make
        self._regions = tuple(regions)
        self._clients = {self._regions[0]: make(self._regions[0])}

    def assume_role(self, **request: object) -> Mapping[str, Any]:
        """Assume a role with the client's credentials."""
        return self._ask("AssumeRole", "assume_role", request)

    def assume_role_with_web_identity(self, **request: object) -> Mapping[str, Any]:
        """Assume a role with the token of an identity provider."""
        return self._ask("AssumeRoleWithWebIdentity", "assume_role_with_web_identity", request)

    def close(self) -> None:
        """Close the connections."""
        for client in tuple(self._clients.values()):
            client.close()

    def _ask(self, operation: str, method: str, request: Mapping[str, object]) -> Mapping[str, Any]:
        regions = self._regions
        for number, region in enumerate(regions, start=1):
            try:
                answer: Mapping[str, Any] = getattr(self._client(region), method)(**request)
                _check(answer)
            except (BotoCoreError, ClientError, ResponseParserError) as error:
                if number < len(regions) and _elsewhere(error):
                    continue
                # For from_exception, which would name the call that needs the credentials.
                for name, value in (("operation_name", operation), ("sts_regions", regions[:number])):
                    setattr(error, name, value)
                raise
            self._regions = (region, *(one for one in regions if one != region))
            return answer
        raise AssertionError  # pragma: no cover - there is a Region

    def _client(self, region: str) -> Any:  # noqa: ANN401 - made at run time
        if region not in self._clients:
            self._clients[region] = self._make(region)
        return self._clients[region]


class StsSession(Session):
    """A session whose profile, if it assumes a role by itself, does so through `Sts`.

    botocore would ask STS in the profile's Region, or in sts.amazonaws.com. `region` is where the
    credentials are used.
    """

    def __init__(self, profile: str | None, region: str) -> None:
        super().__init__(profile=profile)
        self._region = region

    def create_client(  # type: ignore[override] # botocore's has a dozen parameters, which go through
        self,
        service_name: str,
        region_name: str | None = None,
        **settings: Any,  # noqa: ANN401 - likewise
    ) -> Any:  # noqa: ANN401 - made at run time
        """Make a client; one of STS without a Region, as botocore wants it for credentials, is an `Sts`."""
        create = super().create_client
        if service_name != "sts" or region_name is not None:
            return create(service_name, region_name, **settings)
        return Sts(lambda region: create("sts", region, **settings), sts_regions(self, self._region))


def _check(answer: Mapping[str, Any]) -> None:
    """Raise ResponseParserError where the credentials in an answer are not whole."""
    if missing := _OF_A_SESSION - answer.get("Credentials", {}).keys():
        raise ResponseParserError(f"the answer lacks {', '.join(sorted(missing))}")


def _elsewhere(error: Exception) -> bool:
    """Whether STS may take the same credentials in another Region."""
    if isinstance(error, ClientError):
        return error.response.get("Error", {}).get("Code") in _NOT_ENABLED
    return isinstance(error, _UNREACHED)
