"""Answers as botocore parses them, but for those that are none, which it would take for empty ones.

An answer without its list, or without a policy, may well be a whole one, but only if it is an answer.
"""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

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

    def parse(self, response: Mapping[str, Any], shape: Any) -> Mapping[str, Any]:  # noqa: ANN401 - a model's
        """The parsed answer or refusal; anything else that AWS never says is a ResponseParserError."""
        is_answer = response["status_code"] < _FIRST_ERROR
        if is_answer and self._in_json:
            _refuse_foreign(response["body"], shape)
        try:
            parsed: Mapping[str, Any] = self._parser.parse(response, shape)
        except (ResponseParserError, AttributeError, KeyError, TypeError, ValueError, RecursionError):
            # Never in botocore's words: they hold the answer, and that of AssumeRole holds credentials.
            raise ResponseParserError(
                f"the answer is {'JSON' if self._in_json else 'XML'} of no known shape, or was cut off"
            ) from None
        if not is_answer and not isinstance(parsed.get("Error", {}).get("Code", ""), str):
            raise ResponseParserError("the refusal has no code that is a word")
        return parsed


def _refuse_foreign(body: bytes, shape: Any) -> None:  # noqa: ANN401 - a model's
    """Refuse a body that is no JSON object, or one with other members than the operation's."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ResponseParserError(f"the answer is not JSON: {type(error).__name__}") from None
    if not isinstance(answer, dict):
        raise ResponseParserError(f"the answer is no JSON object, but {type(answer).__name__}")
    members = _members(shape)
    if answer and members.keys().isdisjoint(answer):
        raise ResponseParserError("the answer is a JSON object, but none of AWS's: it has other members")
    for name, type_name in members.items():
        wanted, value = _JSON_TYPES.get(type_name), answer.get(name)
        if wanted is not None and value is not None and not isinstance(value, wanted):
            raise ResponseParserError(f"{name} in the answer is {type(value).__name__}, no {type_name}")


@cache
def _members(shape: Any) -> Mapping[str, str]:  # noqa: ANN401 - a model's
    """The types of an answer's members in AWS's models, by their names in JSON."""
    return {
        member.serialization.get("name", name): member.type_name for name, member in shape.members.items()
    }
