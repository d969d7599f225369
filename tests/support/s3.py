"""An S3 for tests: moto's, behind a client that fails by a script, before a call or after it."""

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
"""One loader of AWS's service models for all clients; each further one would take half a second."""


def refusal(
    code: str, operation: str = "PutObject", *, message: str = "no", status: int = 400
) -> ClientError:
    """Return what botocore raises if S3 refuses a call."""
    answer: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(answer, operation)


class Lost(Exception):  # noqa: N818 - the client raises `error`
    """Makes the client send the call and lose its answer."""

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
        """Return the parameters of each call of a method."""
        return [parameters for asked, parameters in self.asked if asked == method]

    def contents(self) -> dict[str, bytes]:
        """Return the contents of the bucket, by key."""
        keys = [item["Key"] for item in self.real.list_objects_v2(Bucket=BUCKET).get("Contents", ())]
        return {key: self.real.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}

    def unfinished(self) -> list[str]:
        """Return the keys of multipart uploads that are neither completed nor aborted."""
        uploads = self.real.list_multipart_uploads(Bucket=BUCKET).get("Uploads", ())
        return [upload["Key"] for upload in uploads]
