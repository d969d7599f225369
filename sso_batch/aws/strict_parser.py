"""A strict parser in front of botocore's, which would take an invalid answer for an empty one.

An answer without its list, or without a policy, can be valid, but only if it is an answer of AWS at all. The
body is parsed once: botocore gets the document that was checked instead of the bytes, so that two parsers can
never disagree.
"""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any, NoReturn

from botocore.parsers import ResponseParserError, ResponseParserFactory

from sso_batch.aws.botocore_internals import accept_parsed_bodies

_FIRST_ERROR = 301  # the first HTTP status that botocore treats as an error
_IN_XML = frozenset({"query", "ec2", "rest-xml"})

_JSON_TYPES: Mapping[str, tuple[type, ...]] = {
    "list": (list,),
    "structure": (dict,),
    "map": (dict,),
    "string": (str,),
}
"""A member's Python types after JSON parsing, by its type in AWS's models."""

_UNREADABLE = (
    ResponseParserError,
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
    RuntimeError,
)
"""What botocore's parsers raise for an answer of an unexpected shape."""

_Document = dict[str, Any]


class StrictParserFactory(ResponseParserFactory):
    """Creates the parsers of a session's clients."""

    def create_parser(self, protocol_name: str) -> Any:  # noqa: ANN401 - one of botocore's classes
        """Return the parser of a protocol."""
        return _StrictParser(super().create_parser(protocol_name), in_json=protocol_name not in _IN_XML)


class _StrictParser:
    """A parser that raises ResponseParserError for everything that is not an answer of AWS.

    Its messages contain nothing of the answer.
    """

    def __init__(self, parser: Any, *, in_json: bool) -> None:  # noqa: ANN401 - likewise
        self._parser = parser
        self._in_json = in_json
        if in_json:
            accept_parsed_bodies(parser)

    def parse(self, response: Mapping[str, Any], shape: Any) -> Mapping[str, Any]:  # noqa: ANN401 - a model's
        """Return the parsed answer or refusal; raise ResponseParserError for anything else."""
        is_answer = response["status_code"] < _FIRST_ERROR
        if is_answer and self._in_json:
            response = {**response, "body": _checked(response["body"], shape)}
        try:
            parsed: Mapping[str, Any] = self._parser.parse(response, shape)
        except _UNREADABLE:
            # Not botocore's message: it contains the answer, and that of AssumeRole contains credentials.
            raise ResponseParserError(
                f"the answer is {'JSON' if self._in_json else 'XML'} of an unknown shape, or was cut off"
            ) from None
        if not is_answer and not isinstance(parsed.get("Error", {}).get("Code", ""), str):
            raise ResponseParserError("the code of the refusal is not text")
        return parsed


def _checked(body: bytes, shape: Any) -> _Document:  # noqa: ANN401 - a model's
    """Return the JSON object of a body; raise ResponseParserError if its members are not the operation's."""
    document = _document(body)
    members = _members(shape)
    if document and members.keys().isdisjoint(document):
        raise ResponseParserError("the answer is a JSON object with none of the expected members")
    for name in document.keys() - members.keys():
        _refuse_suspicious(name, document[name], members)
    for name, type_name in members.items():
        types, value = _JSON_TYPES.get(type_name), document.get(name)
        if types is not None and value is not None and not isinstance(value, types):
            raise ResponseParserError(
                f"{name} in the answer is of type {type(value).__name__} instead of {type_name}"
            )
    return document


def _document(body: bytes) -> _Document:
    """Return the JSON object of a body: plain UTF-8 (no byte order mark), every name once."""
    try:
        document = _READER.decode(body.decode())
    except (ValueError, RecursionError) as error:
        raise ResponseParserError(f"the answer is not JSON: {type(error).__name__}") from None
    if not isinstance(document, dict):
        raise ResponseParserError(f"the answer is not a JSON object but of type {type(document).__name__}")
    return document


def _unambiguous(pairs: list[tuple[str, Any]]) -> _Document:
    """Return an object whose names are unique: JSON parsers disagree on which duplicate counts."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ResponseParserError("the answer has a duplicate member")
    return members


def _refuse_constant(constant: str) -> NoReturn:
    raise ResponseParserError(f"the answer is not JSON: it contains {constant}")


_READER = json.JSONDecoder(object_pairs_hook=_unambiguous, parse_constant=_refuse_constant)


def _refuse_suspicious(name: str, value: object, members: Mapping[str, str]) -> None:
    """Refuse an unknown member that AWS cannot have added: of an error, a page token, or a misspelt one."""
    plain = _plain(name)
    if name == "__type" and str(value).endswith(("Exception", "Error")):
        raise ResponseParserError("the answer is an error document with the status of an answer")
    if plain in map(_plain, members) or (value and "token" in plain):
        known = next((member for member in members if _plain(member) == plain), "a page token")
        raise ResponseParserError(f"the answer spells {known} differently")


def _plain(name: str) -> str:
    return name.casefold().replace("_", "").replace("-", "")


@cache
def _members(shape: Any) -> Mapping[str, str]:  # noqa: ANN401 - a model's
    """Return the types of an answer's members in AWS's models, by their names in JSON."""
    return {
        member.serialization.get("name", name): member.type_name for name, member in shape.members.items()
    }
