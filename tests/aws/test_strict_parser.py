"""Tests of the strict parser: an invalid answer is refused, never taken for empty, and never repeated."""

import json
from typing import Any

import pytest
from botocore.model import ServiceModel
from botocore.parsers import ResponseParserError
from botocore.session import Session

from sso_batch.aws.strict_parser import StrictParserFactory

SECRET = "marker-of-a-secret-5f3e"


def of_operation(service: str, operation: str) -> tuple[Any, Any]:
    """Return a parser and the shape of the operation's answer."""
    model: ServiceModel = Session().get_service_model(service)
    parser = StrictParserFactory().create_parser(model.metadata["protocol"])
    return parser, model.operation_model(operation).output_shape


def parsed(service: str, operation: str, body: bytes, status: int = 200) -> Any:  # noqa: ANN401 - botocore's
    parser, shape = of_operation(service, operation)
    return parser.parse({"status_code": status, "headers": {}, "body": body}, shape)


def assignments(answer: object) -> Any:  # noqa: ANN401 - botocore's
    return parsed("sso-admin", "ListAccountAssignments", json.dumps(answer).encode())


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ([], "the answer is not a JSON object but of type list"),
        (None, "the answer is not a JSON object but of type NoneType"),
        ("AccountAssignments", "the answer is not a JSON object but of type str"),
        ({"message": SECRET}, "the answer is a JSON object with none of the expected members"),
        ({"AccountAssignments": {}}, "AccountAssignments in the answer is of type dict instead of list"),
        ({"AccountAssignments": SECRET}, "AccountAssignments in the answer is of type str instead of list"),
        (
            {"AccountAssignments": [], "NextToken": 1},
            "NextToken in the answer is of type int instead of string",
        ),
        ({"AccountAssignments": [SECRET]}, "the answer is JSON of an unknown shape, or was cut off"),
        ({"AccountAssignments": [[SECRET]]}, "the answer is JSON of an unknown shape, or was cut off"),
    ],
)
def test_unexpected_shape(answer: object, why: str) -> None:
    """JSON that AWS never sends is described by its shape only."""
    with pytest.raises(ResponseParserError) as caught:
        assignments(answer)

    assert str(caught.value) == why


_VALID = b'{"AccountAssignments": []}'


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"<html>", b"{", b"[" * 100_000, b"\xff\xfe", b'{"a": 1} x'),
        b"\xef\xbb\xbf" + _VALID,
        *(_VALID.decode().encode(encoding) for encoding in ("utf-16", "utf-16-le", "utf-32", "utf-32-be")),
        b'{"AccountAssignments": [], "New": NaN}',
        b'{"AccountAssignments": [], "New": {"a": [-Infinity]}}',
    ],
)
def test_invalid_json(body: bytes) -> None:
    """Anything that is not JSON is refused, however deep or unusual."""
    with pytest.raises(ResponseParserError, match="the answer is not JSON: "):
        parsed("sso-admin", "ListAccountAssignments", body)


_DUPLICATE = "the answer has a duplicate member"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ('{"AccountAssignments": [{}], "AccountAssignments": []}', _DUPLICATE),
        ('{"AccountAssignments": [], "Account\\u0041ssignments": []}', _DUPLICATE),
        ('{"AccountAssignments": [{"AccountId": "1", "AccountId": "2"}]}', _DUPLICATE),
        (
            '{"__type": "ThrottlingException", "AccountAssignments": []}',
            "the answer is an error document with the status of an answer",
        ),
        (
            '{"AccountAssignments": [], "nextToken": "1"}',
            "the answer spells NextToken differently",
        ),
        (
            '{"AccountAssignments": [], "account_assignments": [{}]}',
            "the answer spells AccountAssignments differently",
        ),
        (
            '{"AccountAssignments": [], "NextPageToken": "1"}',
            "the answer spells a page token differently",
        ),
    ],
)
def test_ambiguous_answers(body: str, why: str) -> None:
    """An answer that parsers could read differently, or that hides a page or an error, is refused."""
    with pytest.raises(ResponseParserError) as caught:
        parsed("sso-admin", "ListAccountAssignments", body.encode())

    assert str(caught.value) == why


def test_impossible_date() -> None:
    """An impossible date is a malformed answer, not a bug in sso-batch."""
    body = b'{"PermissionSet": {"Name": "n", "CreatedDate": 1e999}}'

    with pytest.raises(ResponseParserError, match="of an unknown shape"):
        parsed("sso-admin", "DescribePermissionSet", body)


@pytest.mark.parametrize(
    ("service", "operation", "member"),
    [
        ("sso-admin", "ListAccountAssignments", "AccountAssignments"),
        ("account-access", "ListApplications", "applications"),
    ],
)
def test_body_is_parsed_once(
    monkeypatch: pytest.MonkeyPatch, service: str, operation: str, member: str
) -> None:
    """Botocore gets the checked document and does not parse the bytes again."""
    parser, shape = of_operation(service, operation)
    monkeypatch.setattr("botocore.parsers.json.loads", lambda _: pytest.fail("parsed again"))

    body = f'{{"{member}": []}}'.encode()
    assert parser.parse({"status_code": 200, "headers": {}, "body": body}, shape)[member] == []


@pytest.mark.parametrize("answer", [{}, {"AccountAssignments": []}, {"AccountAssignments": None, "New": 1}])
def test_valid_answers(answer: object) -> None:
    """An answer that omits empty members, or has a new one, is valid."""
    assert assignments(answer).get("AccountAssignments", []) == []


def test_lower_case_members() -> None:
    """account-access names its members in lower case, as its model does."""
    body = json.dumps({"applications": [{"applicationArn": "a"}]}).encode()

    assert parsed("account-access", "ListApplications", body)["applications"] == [{"applicationArn": "a"}]


@pytest.mark.parametrize(
    "body",
    [
        f"<AssumeRoleResponse><Credentials><SessionToken>{SECRET}</Sess".encode(),
        f'{{"message": "{SECRET}"}}'.encode(),
        SECRET.encode(),
    ],
)
def test_truncated_credentials(body: bytes) -> None:
    """Nothing of an unreadable answer of STS is repeated, since it may contain credentials."""
    with pytest.raises(ResponseParserError) as caught:
        parsed("sts", "AssumeRole", body)

    assert str(caught.value) == "the answer is XML of an unknown shape, or was cut off"


@pytest.mark.parametrize("body", [b"[]", b"7", b'{"__type": {}}', b'{"__type": 7}', b"\xff"])
def test_invalid_refusal(body: bytes) -> None:
    """An error status with a body that AWS never sends is a malformed answer, not a bug in sso-batch."""
    with pytest.raises(ResponseParserError):
        parsed("sso-admin", "ListAccountAssignments", body, status=403)


def test_refusal() -> None:
    """Refusals by AWS are parsed unchanged."""
    body = json.dumps({"__type": "AccessDeniedException", "message": "no"}).encode()

    assert parsed("sso-admin", "ListAccountAssignments", body, status=400)["Error"] == {
        "Code": "AccessDeniedException",
        "Message": "no",
    }
