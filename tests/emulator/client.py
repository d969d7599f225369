"""botocore clients of the emulator that make one attempt per call."""

from dataclasses import dataclass
from functools import cache
from typing import Any, Self

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from sso_batch.emulator import HUB, Emulator
from sso_batch.emulator.world import AccessKey


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys that a client signs with."""

    key_id: str
    secret: str
    token: str | None = None


HUB_KEYS = Keys(HUB.id, HUB.secret)


@cache
def _session() -> botocore.session.Session:
    """Return one session for all tests, so that the service models are loaded once."""
    return botocore.session.Session()


def client(
    emulator: Emulator,
    service: str,
    keys: Keys = HUB_KEYS,
    *,
    region: str = "eu-west-1",
    read_timeout: float = 5,
) -> Any:  # noqa: ANN401 - botocore's clients are untyped
    """Return a client for a service of the emulator."""
    return _session().create_client(
        service,
        region_name=region,
        endpoint_url=emulator.url,
        aws_access_key_id=keys.key_id,
        aws_secret_access_key=keys.secret,
        aws_session_token=keys.token,
        config=Config(
            retries={"total_max_attempts": 1},
            connect_timeout=5,
            read_timeout=read_timeout,
            # The emulator must validate requests itself.
            parameter_validation=False,
        ),
    )


def keys_of(key: AccessKey) -> Keys:
    """Return the keys of a client with a long-lived key."""
    return Keys(key.id, key.secret)


def assume(
    emulator: Emulator,
    role_arn: str | None = None,
    keys: Keys = HUB_KEYS,
    *,
    external_id: str | None = None,
    seconds: int | None = None,
) -> Keys:
    """Return the keys of an assumed role, by default the first role of the world."""
    request = {"ExternalId": external_id, "DurationSeconds": seconds}
    parameters = {name: value for name, value in request.items() if value is not None}
    arn = role_arn or emulator.world.roles[0].arn
    sts = client(emulator, "sts", keys)
    answer = sts.assume_role(RoleArn=arn, RoleSessionName="audit", **parameters)["Credentials"]
    return Keys(answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"])


def model(service: str) -> Any:  # noqa: ANN401 - botocore has no types
    """Return botocore's own model of a service."""
    return _session().get_service_model(service)


class ExpectedError:
    """A context manager that expects an AWS error and provides its `code`, `message` and `status`."""

    def __enter__(self) -> Self:
        self._expected = pytest.raises(ClientError)
        self._caught = self._expected.__enter__()
        return self

    def __exit__(self, *error: Any) -> bool:  # noqa: ANN401, PYI036 - passed on unchanged
        return bool(self._expected.__exit__(*error))

    @property
    def response(self) -> Any:  # noqa: ANN401 - JSON
        """The complete error response."""
        return self._caught.value.response

    @property
    def code(self) -> str:
        """AWS's error code."""
        return str(self.response["Error"]["Code"])

    @property
    def message(self) -> str:
        """AWS's message."""
        return str(self.response["Error"]["Message"])

    @property
    def status(self) -> int:
        """The HTTP status."""
        return int(self.response["ResponseMetadata"]["HTTPStatusCode"])
