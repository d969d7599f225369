"""What all parts of the configuration have in common."""

from typing import Annotated, Literal, TypeVar, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from sso_batch.config.yaml.scalars import Expanded

Part = TypeVar("Part")


class Section(BaseModel):
    """A part of the configuration: no key but the known ones, no value of another type, no change."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    @field_validator("*", mode="before")
    @classmethod
    def _expanded(cls, value: object, info: ValidationInfo) -> object:
        """Type a variable's value, unless the key takes text: an external id may look like a number."""
        if not isinstance(value, Expanded) or info.field_name is None:
            return value
        return value.typed() if _wants_more_than_text(cls.model_fields[info.field_name].annotation) else value


def _wants_more_than_text(annotation: object) -> bool:
    """Tell whether a field's type has a number, a boolean or a section in it, however deep."""
    if get_origin(annotation) is Literal:
        return not all(isinstance(value, str) for value in get_args(annotation))
    if isinstance(annotation, type) and issubclass(annotation, int | float | Section):
        return True
    return any(_wants_more_than_text(part) for part in get_args(annotation))


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
