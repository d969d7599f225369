"""An S3 for tests: moto's, behind a client that fails as it is told, before a call or after it."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError
from botocore.loaders import create_loader
from botocore.session import Session

BUCKET = "reports"
REGION = "eu-west-1"

Answer = Mapping[str, Any]


_LOADER = create_loader()
"""Of AWS's service models: one for all clients, since each would take half a second."""


def refusal(
    code: str, operation: str = "PutObject", *, message: str = "no", status: int = 400
) -> ClientError:
    """What botocore raises where S3 refuses."""
    answer: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(answer, operation)


class Lost(Exception):  # noqa: N818 - what is raised is `error`
    """Tells the client to make the call and lose its answer."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


class Client:
    """A client of S3 whose methods fail by a script, one entry a call; None lets the call through."""

    def __init__(self) -> None:
        self.session = Session()
        self.session.register_component("data_loader", _LOADER)
        self.real: Any = self.session.create_client("s3", region_name=REGION)
        self.scripts: dict[str, list[Exception | None]] = {}
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, method: str) -> Callable[..., Answer]:
        def call(**parameters: Any) -> Answer:  # noqa: ANN401 - S3's
            self.asked.append((method, parameters))
            script = self.scripts.get(method, [])
            fault = script.pop(0) if script else None
            if fault is not None and not isinstance(fault, Lost):
                raise fault
            answer: Answer = getattr(self.real, method)(**parameters)
            if isinstance(fault, Lost):
                raise fault.error
            return answer

        return call

    @property
    def counts(self) -> Counter[str]:
        """How often each method was called."""
        return Counter(method for method, _ in self.asked)

    def parameters(self, method: str) -> list[dict[str, Any]]:
        """What a method was called with."""
        return [parameters for one, parameters in self.asked if one == method]

    def contents(self) -> dict[str, bytes]:
        """What is in the bucket."""
        keys = [one["Key"] for one in self.real.list_objects_v2(Bucket=BUCKET).get("Contents", ())]
        return {key: self.real.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}

    def unfinished(self) -> list[str]:
        """The keys of multipart uploads that are neither completed nor aborted."""
        found = self.real.list_multipart_uploads(Bucket=BUCKET).get("Uploads", ())
        return [one["Key"] for one in found]
