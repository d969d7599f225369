"""The base class of every section of the configuration, and the types of optional keys."""

from typing import Annotated, ClassVar, Literal, TypeVar, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from sso_batch.config.yaml_nodes import Expanded

T = TypeVar("T")


class Section(BaseModel):
    """A section of the configuration: immutable, with no unknown keys and no type coercion."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, hide_input_in_errors=True, defer_build=True
    )

    example: ClassVar[str] = ""
    """A line of this section, for error messages."""

    @field_validator("*", mode="before")
    @classmethod
    def _type_variable(cls, value: object, info: ValidationInfo) -> object:
        """Type the value of a variable, unless the key takes text: an external ID may look like a number."""
        if not isinstance(value, Expanded) or info.field_name is None:
            return value
        annotation = cls.model_fields[info.field_name].annotation
        return value.typed() if _accepts_more_than_text(annotation) else value


def conflict_error(text: str) -> PydanticCustomError:
    """Return the error of a key that is valid alone and conflicts with another key."""
    return PydanticCustomError("conflict", "{text}", {"text": text})


def form_error(text: str) -> PydanticCustomError:
    """Return the error of a value that does not have the form of its key."""
    return PydanticCustomError("form", "{text}", {"text": text})


def _accepts_more_than_text(annotation: object) -> bool:
    """Return whether a field's type contains a number, a boolean or a section, at any depth."""
    if get_origin(annotation) is Literal:
        return not all(isinstance(value, str) for value in get_args(annotation))
    if isinstance(annotation, type) and issubclass(annotation, int | float | Section):
        return True
    return any(_accepts_more_than_text(part) for part in get_args(annotation))


def _require_value(value: object) -> object:
    """Refuse a key without a value: the value may have been forgotten."""
    if value is None:
        raise PydanticCustomError("no_value", "missing value: provide one or remove the key")
    return value


def _empty_section(value: object) -> object:
    """Accept a section whose keys are all commented out."""
    return {} if value is None else value


def _empty_list(value: object) -> object:
    """Accept a list whose items are all commented out."""
    return () if value is None else value


OptionalKey = Annotated[T | None, BeforeValidator(_require_value)]
"""A key that can be left out; if it is present, it needs a value."""

OptionalSection = Annotated[T, BeforeValidator(_empty_section)]
"""A section that can be left out or empty."""

OptionalList = Annotated[tuple[T, ...], BeforeValidator(_empty_list)]
"""A list that can be left out or empty."""
