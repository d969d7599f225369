"""The credentials of a role, which are renewed before they expire, however long a run takes."""

from collections.abc import Mapping
from datetime import UTC, datetime

from botocore.credentials import CredentialProvider, DeferredRefreshableCredentials

from sso_batch.aws.botocore_internals import RenewableCredentials
from sso_batch.aws.sts import Sts


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
