"""What all parts of the configuration have in common."""

from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic_core import PydanticCustomError

Part = TypeVar("Part")


class Section(BaseModel):
    """A part of the configuration: no key but the known ones, no value of another type, no change."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


def _written(value: object) -> object:
    """Refuse a key that stands there without a value: it may have been forgotten."""
    if value is None:
        raise PydanticCustomError("no_value", "there is no value: write one, or take the key away")
    return value


def _keys(value: object) -> object:
    """Take a part whose keys are all commented out for an empty one."""
    return {} if value is None else value


def _items(value: object) -> object:
    """Take a list whose items are all commented out for an empty one."""
    return () if value is None else value


MayBeLeftOut = Annotated[Part | None, BeforeValidator(_written)]
"""A key that need not be there, but has a value where it is."""

Keys = Annotated[Part, BeforeValidator(_keys)]
"""A part with keys; nothing after its colon is an empty one."""

Items = Annotated[tuple[Part, ...], BeforeValidator(_items)]
"""A list that may have no items; nothing after its colon is an empty one."""
