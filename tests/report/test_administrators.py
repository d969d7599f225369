"""Which permission sets make an administrator."""

import json
from typing import Any

import pytest

from sso_batch.model import PermissionSet
from sso_batch.report.administrators import is_administrative

EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def judged(managed: tuple[str, ...] | None, inline: str | None) -> bool | None:
    return is_administrative(PermissionSet("arn", managed_policies=managed, inline_policy=inline))


@pytest.mark.parametrize(
    ("managed", "inline"),
    [(None, None), (None, ""), ((), None), (("arn:aws:iam::aws:policy/ReadOnlyAccess",), None)],
)
def test_not_read(managed: tuple[str, ...] | None, inline: str | None) -> None:
    """Where a policy was not read and the others do not tell, nothing is known."""
    assert judged(managed, inline) is None


@pytest.mark.parametrize(
    ("managed", "inline"),
    [
        (("arn:aws:iam::aws:policy/AdministratorAccess",), None),
        (("arn:aws-us-gov:iam::aws:policy/AdministratorAccess", "arn:b"), ""),
        (None, policy(EVERYTHING)),
        ((), policy({"Effect": "Deny", "Action": "s3:*", "Resource": "*"}, EVERYTHING)),
        ((), policy(EVERYTHING | {"Action": ["s3:Get*", "*:*"], "Resource": ["*"]})),
        ((), json.dumps({"Statement": EVERYTHING})),
    ],
)
def test_administrative(managed: tuple[str, ...] | None, inline: str | None) -> None:
    """AdministratorAccess of any partition, or an inline statement that allows everything, is enough."""
    assert judged(managed, inline) is True


@pytest.mark.parametrize(
    ("managed", "inline"),
    [
        ((), ""),
        (("arn:aws:iam::aws:policy/AdministratorAccess-Amplify",), ""),
        (("arn:aws:iam::111111111111:policy/AdministratorAccess",), ""),
        ((), policy(EVERYTHING | {"Effect": "Deny"})),
        ((), policy(EVERYTHING | {"Action": "s3:*"})),
        ((), policy(EVERYTHING | {"Resource": "arn:aws:s3:::one"})),
        ((), policy(EVERYTHING | {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}})),
        ((), policy({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"})),
        ((), "not JSON"),
        ((), "[]"),
        ((), '{"Statement": ["*"]}'),
    ],
)
def test_not_administrative(managed: tuple[str, ...] | None, inline: str | None) -> None:
    """What allows less, or under a condition, is not."""
    assert judged(managed, inline) is False
