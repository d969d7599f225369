"""Answers as botocore parses them, but for those that are none, which it would take for empty ones.

An answer without its list, or without a policy, may well be a whole one, but only if it is an answer. The
body is read once: botocore gets the document that was checked, and not the bytes, so that two readers can
never see two answers.
"""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any, NoReturn

from botocore.parsers import ResponseParserError, ResponseParserFactory

_FIRST_ERROR = 301  # of HTTP's status codes, as botocore has it
_IN_XML = frozenset({"query", "ec2", "rest-xml"})

_JSON_TYPES: Mapping[str, tuple[type, ...]] = {
    "list": (list,),
    "structure": (dict,),
    "map": (dict,),
    "string": (str,),
}
"""What a member is in JSON, by its type in AWS's models."""

_UNREADABLE = (
    ResponseParserError,
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
    RuntimeError,
)
"""What botocore's parsers raise for an answer of another shape."""

_Document = dict[str, Any]


class StrictParsers(ResponseParserFactory):
    """Makes the parsers of a session's clients."""

    def create_parser(self, protocol_name: str) -> Any:  # noqa: ANN401 - botocore's own class for a protocol
        """The parser of a protocol."""
        return _StrictParser(super().create_parser(protocol_name), in_json=protocol_name not in _IN_XML)


class _StrictParser:
    """A parser of botocore's that raises ResponseParserError for whatever is no answer of AWS's.

    Its messages hold nothing of the answer.
    """

    def __init__(self, parser: Any, *, in_json: bool) -> None:  # noqa: ANN401 - likewise
        self._parser = parser
        self._in_json = in_json
        if in_json:
            of_bytes = parser._parse_body_as_json  # noqa: SLF001 - the one place where botocore reads JSON
            parser._parse_body_as_json = lambda body: body if isinstance(body, dict) else of_bytes(body)  # noqa: SLF001 - likewise

    def parse(self, response: Mapping[str, Any], shape: Any) -> Mapping[str, Any]:  # noqa: ANN401 - a model's
        """The parsed answer or refusal; anything else that AWS never says is a ResponseParserError."""
        is_answer = response["status_code"] < _FIRST_ERROR
        if is_answer and self._in_json:
            response = {**response, "body": _checked(response["body"], shape)}
        try:
            parsed: Mapping[str, Any] = self._parser.parse(response, shape)
        except _UNREADABLE:
            # Never in botocore's words: they hold the answer, and that of AssumeRole holds credentials.
            raise ResponseParserError(
                f"the answer is {'JSON' if self._in_json else 'XML'} of no known shape, or was cut off"
            ) from None
        if not is_answer and not isinstance(parsed.get("Error", {}).get("Code", ""), str):
            raise ResponseParserError("the refusal has no code that is a word")
        return parsed


def _checked(body: bytes, shape: Any) -> _Document:  # noqa: ANN401 - a model's
    """The JSON object of a body; refused where it has other members than the operation's."""
    document = _document(body)
    members = _members(shape)
    if document and members.keys().isdisjoint(document):
        raise ResponseParserError("the answer is a JSON object, but none of AWS's: it has other members")
    for name in document.keys() - members.keys():
        _refuse_misleading(name, document[name], members)
    for name, type_name in members.items():
        wanted, value = _JSON_TYPES.get(type_name), document.get(name)
        if wanted is not None and value is not None and not isinstance(value, wanted):
            raise ResponseParserError(f"{name} in the answer is {type(value).__name__}, no {type_name}")
    return document


def _document(body: bytes) -> _Document:
    """The JSON object that a body holds: plain UTF-8 (no byte order mark), every name once."""
    try:
        document = _READER.decode(body.decode())
    except (ValueError, RecursionError) as error:
        raise ResponseParserError(f"the answer is not JSON: {type(error).__name__}") from None
    if not isinstance(document, dict):
        raise ResponseParserError(f"the answer is no JSON object, but {type(document).__name__}")
    return document


def _unambiguous(pairs: list[tuple[str, Any]]) -> _Document:
    """An object in which no name comes twice: readers of JSON do not agree which of the two counts."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ResponseParserError("the answer has a member twice")
    return members


def _no_number(constant: str) -> NoReturn:
    raise ResponseParserError(f"the answer is not JSON: it holds {constant}")


_READER = json.JSONDecoder(object_pairs_hook=_unambiguous, parse_constant=_no_number)


def _refuse_misleading(name: str, value: object, members: Mapping[str, str]) -> None:
    """Refuse a member that AWS may not have added: an error's, a page token's, one that is misspelt."""
    plain = _plain(name)
    if name == "__type" and str(value).endswith(("Exception", "Error")):
        raise ResponseParserError("the answer is an error document with the status of an answer")
    if plain in map(_plain, members) or (value and "token" in plain):
        known = next((one for one in members if _plain(one) == plain), "a page token")
        raise ResponseParserError(f"the answer spells {known} in another way")


def _plain(name: str) -> str:
    return name.casefold().replace("_", "").replace("-", "")


@cache
def _members(shape: Any) -> Mapping[str, str]:  # noqa: ANN401 - a model's
    """The types of an answer's members in AWS's models, by their names in JSON."""
    return {
        member.serialization.get("name", name): member.type_name for name, member in shape.members.items()
    }
