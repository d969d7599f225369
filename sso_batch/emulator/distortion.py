"""Distorted answers that AWS never sends: wrong types, wrong encodings, or answers to another request."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sso_batch.emulator.faults import FaultKind
from sso_batch.emulator.protocols import ErrorResponse, not_found

Answer = dict[str, Any]

_NOT_ECHOED = frozenset(
    {
        *("InstanceArn", "IdentityStoreId", "applicationArn", "PrincipalType", "NextToken", "nextToken"),
        "AttributeKey",
    }
)
_IDS = frozenset(
    {
        *("Id", "Arn", "AccountId", "PermissionSetArn", "PrincipalId", "UserId", "GroupId", "InstanceArn"),
        *("applicationArn", "instanceArn", "account", "roleArn", "userId", "groupId", "MasterAccountId"),
        *("AccountIds", "PermissionSets", "PolicyId", "DefaultVersionId", "VersionId", "ApplicationArn"),
    }
)
_DESCRIBED = frozenset({"UserId", "GroupId"})
_UNIONS = {
    "MemberId": "DeviceId",
    "entitlement": "deviceRole",
    "principal": "deviceDirectory",
    "identitySource": "deviceSource",
}
"""Union members that AWS could add, by name of the union."""


def distort(answer: Answer, request: Mapping[str, Any], fault: FaultKind | None) -> Answer:
    """Return an answer whose members are changed by a fault."""
    return _OF_MEMBERS[fault](answer, request) if fault in _OF_MEMBERS else answer


def distort_body(body: bytes, fault: FaultKind | None) -> bytes:
    """Return an answer's body, changed by a fault."""
    return _OF_BYTES[fault](body) if fault in _OF_BYTES else body


def instance_not_found(service: str, request: Mapping[str, Any]) -> ErrorResponse:
    """Return the error of a call whose identity store or instance does not exist."""
    if service == "identitystore":
        store_id = request.get("IdentityStoreId", "")
        return not_found("IDENTITY_STORE not found.", ResourceType="IDENTITY_STORE", ResourceId=store_id)
    return not_found(f"Instance {request.get('InstanceArn', '')} does not exist.")


def _other_shape(answer: Answer, _: Mapping[str, Any]) -> Answer:
    """Replace each value with one of another type."""
    return {
        name: {str(number): item for number, item in enumerate(value)} if isinstance(value, list) else [value]
        for name, value in answer.items()
    }


def _no_list(answer: Answer, _: Mapping[str, Any]) -> Answer:
    if not answer.keys().isdisjoint(_DESCRIBED):  # their lists are optional: the answer would be valid
        return answer
    return {name: value for name, value in answer.items() if not isinstance(value, list)}


def _null_list(answer: Answer, _: Mapping[str, Any]) -> Answer:
    if not answer.keys().isdisjoint(_DESCRIBED):
        return answer
    return {name: None if isinstance(value, list) else value for name, value in answer.items()}


def _misspelt_token(answer: Answer, _: Mapping[str, Any]) -> Answer:
    """Spell the token of the next page as other services do."""
    other = {"NextToken": "nextToken", "nextToken": "next_token"}
    return {other.get(name, name): value for name, value in answer.items()}


def _number_as_token(answer: Answer, _: Mapping[str, Any]) -> Answer:
    return {name: 1 if name in ("NextToken", "nextToken") else value for name, value in answer.items()}


def _other_question(answer: Answer, request: Mapping[str, Any]) -> Answer:
    """Replace each request value that the answer repeats with another value."""
    text = json.dumps(answer)
    for value in _texts(request):
        text = text.replace(json.dumps(value), json.dumps(value[:-1] + ("0" if value[-1] != "0" else "1")))
    changed: Answer = json.loads(text)
    return changed


def _texts(request: Mapping[str, Any]) -> Iterator[str]:
    for name, value in request.items():
        if isinstance(value, Mapping):
            yield from _texts(value)
        elif isinstance(value, list):
            for item in value:
                yield from _texts(item if isinstance(item, Mapping) else {name: item})
        elif isinstance(value, str) and value and name not in _NOT_ECHOED:
            yield value


def _empty_ids(answer: Answer, _: Mapping[str, Any]) -> Answer:
    return {name: _with_empty_ids(name, value) for name, value in answer.items()}


def _with_empty_ids(name: str, value: object) -> object:
    if isinstance(value, dict):
        return _empty_ids(value, {})
    if isinstance(value, list):
        return [_with_empty_ids(name, item) for item in value]
    return "" if name in _IDS and isinstance(value, str) else value


def _unknown_member(answer: Answer, _: Mapping[str, Any]) -> Answer:
    return {name: _with_unknown_members(name, value) for name, value in answer.items()}


def _with_unknown_members(name: str, value: object) -> object:
    if isinstance(value, list):
        return [_with_unknown_members("", item) for item in value]
    if not isinstance(value, dict):
        return value
    if name in _UNIONS:
        return {_UNIONS[name]: next(iter(value.values()))}
    return _unknown_member(value, {})


def _list_twice(body: bytes) -> bytes:
    """Repeat the first member with an empty list; most JSON readers use the second of two equal names."""
    if not body.startswith(b"{"):
        return body
    name = next(iter(json.loads(body)), "")
    return body[:-1] + f', "{name}": []}}'.encode()


def _error_document(body: bytes) -> bytes:
    """Return an error response, which has status 200 here."""
    if body.startswith(b"{"):
        return b'{"__type": "InternalServerException", "message": "no", ' + body[1:]
    error = b"<Error><Type>Receiver</Type><Code>InternalFailure</Code><Message>no</Message></Error>"
    return b"<ErrorResponse>" + error + b"</ErrorResponse>"


_OF_MEMBERS: Mapping[FaultKind | None, Callable[[Answer, Mapping[str, Any]], Answer]] = {
    "other_shape": _other_shape,
    "no_list": _no_list,
    "null_list": _null_list,
    "misspelt_token": _misspelt_token,
    "number_as_token": _number_as_token,
    "other_question": _other_question,
    "empty_ids": _empty_ids,
    "unknown_member": _unknown_member,
}

_OF_BYTES: Mapping[FaultKind | None, Callable[[bytes], bytes]] = {
    "broken_json": lambda body: body[: len(body) // 2],
    "foreign_json": lambda _: b'{"message": "Blocked by the proxy", "allowed": false}',
    "no_object": lambda _: b"[]",
    "error_document": _error_document,
    "list_twice": _list_twice,
    "byte_order_mark": lambda body: b"\xef\xbb\xbf" + body,
    "utf_16": lambda body: body.decode().encode("utf-16"),
    "utf_32": lambda body: body.decode().encode("utf-32-le"),
}
"""Bodies with status 200, as a broken proxy could return them."""
