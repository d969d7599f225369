"""Strict records in JSON files: reading refuses what this version would not have written."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Annotated, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer, ValidationError


def _json_time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Moment = Annotated[AwareDatetime, PlainSerializer(_json_time, return_type=str)]
Day = Annotated[date, PlainSerializer(date.isoformat, return_type=str)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class StrictRecord(BaseModel):
    """An immutable record without unknown keys and without type coercion."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


Record = TypeVar("Record", bound=StrictRecord)


def encode_record(record: StrictRecord) -> bytes:
    """Return the content of a record's file. Nothing is validated, so that it can always be written."""
    # Not model_dump_json: it refuses half a surrogate pair, and JSON in ASCII can hold one.
    return (json.dumps(record.model_dump(by_alias=True), indent=2) + "\n").encode()


def decode_record(
    model: type[Record], content: bytes, what: str, error_of: Callable[[str], Exception]
) -> Record:
    """Return the record in `content`; raise the error that `error_of` returns for a message."""
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"])) or what
        raise error_of(
            f"this is not a {what} of this version of sso-batch: {place}: {first['msg']}"
        ) from None
