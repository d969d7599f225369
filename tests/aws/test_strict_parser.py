"""What is no answer of AWS's: refused, and never taken for an empty one; nothing of it is repeated."""

import json
from typing import Any

import pytest
from botocore.model import ServiceModel
from botocore.parsers import ResponseParserError
from botocore.session import Session

from sso_batch.aws.strict_parser import StrictParsers

SECRET = "marker-of-a-secret-5f3e"


def of_operation(service: str, operation: str) -> tuple[Any, Any]:
    """A parser, and the shape of the operation's answer."""
    model: ServiceModel = Session().get_service_model(service)
    parser = StrictParsers().create_parser(model.metadata["protocol"])
    return parser, model.operation_model(operation).output_shape


def parsed(service: str, operation: str, body: bytes, status: int = 200) -> Any:  # noqa: ANN401 - botocore's
    parser, shape = of_operation(service, operation)
    return parser.parse({"status_code": status, "headers": {}, "body": body}, shape)


def assignments(answer: object) -> Any:  # noqa: ANN401 - botocore's
    return parsed("sso-admin", "ListAccountAssignments", json.dumps(answer).encode())


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ([], "the answer is no JSON object, but list"),
        (None, "the answer is no JSON object, but NoneType"),
        ("AccountAssignments", "the answer is no JSON object, but str"),
        ({"message": SECRET}, "the answer is a JSON object, but none of AWS's: it has other members"),
        ({"AccountAssignments": {}}, "AccountAssignments in the answer is dict, no list"),
        ({"AccountAssignments": SECRET}, "AccountAssignments in the answer is str, no list"),
        ({"AccountAssignments": [], "NextToken": 1}, "NextToken in the answer is int, no string"),
        ({"AccountAssignments": [SECRET]}, "the answer is JSON of no known shape, or was cut off"),
        ({"AccountAssignments": [[SECRET]]}, "the answer is JSON of no known shape, or was cut off"),
    ],
)
def test_another_shape(answer: object, why: str) -> None:
    """JSON that AWS never sends is told by its shape alone."""
    with pytest.raises(ResponseParserError) as caught:
        assignments(answer)

    assert str(caught.value) == why


_WHOLE = b'{"AccountAssignments": []}'


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"<html>", b"{", b"[" * 100_000, b"\xff\xfe", b'{"a": 1} x'),
        b"\xef\xbb\xbf" + _WHOLE,
        *(_WHOLE.decode().encode(encoding) for encoding in ("utf-16", "utf-16-le", "utf-32", "utf-32-be")),
        b'{"AccountAssignments": [], "New": NaN}',
        b'{"AccountAssignments": [], "New": {"a": [-Infinity]}}',
    ],
)
def test_no_json(body: bytes) -> None:
    """What is no JSON at all is refused, however deep or strange."""
    with pytest.raises(ResponseParserError, match="the answer is not JSON: "):
        parsed("sso-admin", "ListAccountAssignments", body)


_TWICE = "the answer has a member twice"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ('{"AccountAssignments": [{}], "AccountAssignments": []}', _TWICE),
        ('{"AccountAssignments": [], "Account\\u0041ssignments": []}', _TWICE),
        ('{"AccountAssignments": [{"AccountId": "1", "AccountId": "2"}]}', _TWICE),
        (
            '{"__type": "ThrottlingException", "AccountAssignments": []}',
            "the answer is an error document with the status of an answer",
        ),
        (
            '{"AccountAssignments": [], "nextToken": "1"}',
            "the answer spells NextToken in another way",
        ),
        (
            '{"AccountAssignments": [], "account_assignments": [{}]}',
            "the answer spells AccountAssignments in another way",
        ),
        (
            '{"AccountAssignments": [], "NextPageToken": "1"}',
            "the answer spells a page token in another way",
        ),
    ],
)
def test_answers_that_two_readers_may_read_differently(body: str, why: str) -> None:
    """What could be read in two ways, or hides a page or an error, is refused."""
    with pytest.raises(ResponseParserError) as caught:
        parsed("sso-admin", "ListAccountAssignments", body.encode())

    assert str(caught.value) == why


def test_numbers_that_are_no_dates() -> None:
    """A date that no calendar has is a broken answer, and no defect of ours."""
    body = b'{"PermissionSet": {"Name": "n", "CreatedDate": 1e999}}'

    with pytest.raises(ResponseParserError, match="of no known shape"):
        parsed("sso-admin", "DescribePermissionSet", body)


@pytest.mark.parametrize(
    ("service", "operation", "member"),
    [
        ("sso-admin", "ListAccountAssignments", "AccountAssignments"),
        ("account-access", "ListApplications", "applications"),
    ],
)
def test_the_body_is_read_once(
    monkeypatch: pytest.MonkeyPatch, service: str, operation: str, member: str
) -> None:
    """Botocore gets the document that was checked, and does not read the bytes a second time."""
    parser, shape = of_operation(service, operation)
    monkeypatch.setattr("botocore.parsers.json.loads", lambda _: pytest.fail("read a second time"))

    body = f'{{"{member}": []}}'.encode()
    assert parser.parse({"status_code": 200, "headers": {}, "body": body}, shape)[member] == []


@pytest.mark.parametrize("answer", [{}, {"AccountAssignments": []}, {"AccountAssignments": None, "New": 1}])
def test_whole_answers(answer: object) -> None:
    """An answer that leaves out what is empty, or has a member that is new, is a whole one."""
    assert assignments(answer).get("AccountAssignments", []) == []


def test_members_of_another_name_in_json() -> None:
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
def test_credentials_that_are_cut_off(body: bytes) -> None:
    """Of an answer of STS that cannot be read, which may hold credentials, nothing is repeated."""
    with pytest.raises(ResponseParserError) as caught:
        parsed("sts", "AssumeRole", body)

    assert str(caught.value) == "the answer is XML of no known shape, or was cut off"


@pytest.mark.parametrize("body", [b"[]", b"7", b'{"__type": {}}', b'{"__type": 7}', b"\xff"])
def test_a_refusal_that_is_none(body: bytes) -> None:
    """An error status with a body that no service of AWS sends is a broken answer, and no defect of ours."""
    with pytest.raises(ResponseParserError):
        parsed("sso-admin", "ListAccountAssignments", body, status=403)


def test_a_refusal() -> None:
    """AWS's own refusals come through as they are."""
    body = json.dumps({"__type": "AccessDeniedException", "message": "no"}).encode()

    assert parsed("sso-admin", "ListAccountAssignments", body, status=400)["Error"] == {
        "Code": "AccessDeniedException",
        "Message": "no",
    }
