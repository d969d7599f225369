"""A complete audit of moto, an AWS that somebody else wrote: two organizations behind roles."""

import csv
import json
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.ssoadmin.models import SSOAdminBackend
from moto.ssoadmin.responses import SSOAdminResponse

from sso_batch.aws.token_bucket import TokenBucket
from tests.support.command import Command, set_environment
from tests.support.moto_server import moto_server
from tests.support.reports import manifest_in

REGION = "eu-west-1"
ROLES = {
    "acme": "arn:aws:iam::111111111111:role/Audit",
    "globex": "arn:aws:iam::222222222222:role/Audit",
}

Row = tuple[str, ...]
Client = Callable[[str], Any]

COLUMNS = (
    *("Organization", "UserEmail", "UserName", "AccountId", "AccountName", "PermissionSet"),
    *(
        "PrincipalType",
        "PrincipalId",
        "UserId",
        "UserLogin",
        "GroupName",
        "PrincipalState",
        "SessionDuration",
    ),
)


@pytest.fixture
def moto(monkeypatch: pytest.MonkeyPatch, home: Path) -> Iterator[str]:
    """Serve moto with two wrong handlers replaced: pairs are provisioned where they are assigned."""
    assert home.is_dir()
    monkeypatch.setattr(SSOAdminBackend, "list_accounts_for_provisioned_permission_set", _accounts_of)
    monkeypatch.setattr(SSOAdminResponse, "list_permission_sets_provisioned_to_account", _permission_sets_of)
    monkeypatch.setattr(TokenBucket, "take", lambda _bucket, _now: 0.0)
    with moto_server() as url:
        set_environment(
            monkeypatch,
            {
                "AWS_ENDPOINT_URL": url,
                "AWS_ACCESS_KEY_ID": "the-hub",
                "AWS_SECRET_ACCESS_KEY": "made-up",
            },
        )
        yield url


def _accounts_of(backend: SSOAdminBackend, instance_arn: str, permission_set_arn: str) -> list[str]:
    return sorted(
        {
            assignment.target_id
            for assignment in backend.account_assignments
            if (assignment.instance_arn, assignment.permission_set_arn) == (instance_arn, permission_set_arn)
        }
    )


def _permission_sets_of(response: SSOAdminResponse) -> str:
    account_id = response._get_param("AccountId")
    arns = {
        assignment.permission_set_arn
        for assignment in response.ssoadmin_backend.account_assignments
        if assignment.target_id == account_id
    }
    return json.dumps({"PermissionSets": sorted(arns)})


def assume(role_arn: str) -> Client:
    """Return a factory of clients that use the credentials of a role."""
    sts = boto3.client("sts", region_name=REGION)
    keys = sts.assume_role(RoleArn=role_arn, RoleSessionName="maker")["Credentials"]
    session: Any = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], REGION)
    client: Client = session.client
    return client


def populate(name: str, client: Client, *, accounts: int, users: int, permission_sets: int) -> list[Row]:
    """Make an organization, and give the rows that it must have, as they were made."""
    organizations, store, sso = client("organizations"), client("identitystore"), client("sso-admin")
    organizations.create_organization(FeatureSet="ALL")
    (instance,) = sso.list_instances()["Instances"]
    the_store, the_instance = (
        {"IdentityStoreId": instance["IdentityStoreId"]},
        {"InstanceArn": instance["InstanceArn"]},
    )
    made = [
        organizations.create_account(Email=f"{name}-{number}@example.com", AccountName=f"{name} {number}")
        for number in range(accounts)
    ]
    account_names = {
        one["CreateAccountStatus"]["AccountId"]: one["CreateAccountStatus"]["AccountName"] for one in made
    }
    people = {
        store.create_user(
            **the_store,
            UserName=f"{name}-user-{number}",
            DisplayName=f"Person {number} of {name}",
            Name={"GivenName": "Person", "FamilyName": str(number)},
            Emails=[{"Value": f"{number}@{name}.example.com", "Primary": True}],
        )["UserId"]: number
        for number in range(users)
    }
    group_id = store.create_group(**the_store, DisplayName=f"{name} engineers")["GroupId"]
    empty_id = store.create_group(**the_store, DisplayName=f"{name} nobody")["GroupId"]
    for user_id in people:
        store.create_group_membership(**the_store, GroupId=group_id, MemberId={"UserId": user_id})
    rows: list[Row] = []

    def expected(account_id: str, permission_set: str, kind: str, principal_id: str, user_id: str) -> Row:
        person = people.get(user_id)
        told = person is not None
        return (
            *(
                name,
                f"{person}@{name}.example.com" if told else "",
                f"Person {person} of {name}" if told else "",
            ),
            *(account_id, account_names[account_id], permission_set, kind, principal_id, user_id),
            f"{name}-user-{person}" if told else "",
            {group_id: f"{name} engineers", empty_id: f"{name} nobody"}.get(principal_id, ""),
            *("OK" if told else "EMPTY_GROUP", "PT8H"),
        )

    first = next(iter(people))
    for number, account_id in product(range(permission_sets), account_names):
        permission_set = f"Set{number}"
        if account_id == next(iter(account_names)):
            arn = sso.create_permission_set(**the_instance, Name=permission_set, SessionDuration="PT8H")[
                "PermissionSet"
            ]["PermissionSetArn"]
        for kind, principal_id, user_ids in (
            ("GROUP", group_id, list(people)),
            ("GROUP", empty_id, [""]),
            ("USER", first, [first]),
        ):
            sso.create_account_assignment(
                **the_instance,
                TargetId=account_id,
                TargetType="AWS_ACCOUNT",
                PermissionSetArn=arn,
                PrincipalType=kind,
                PrincipalId=principal_id,
            )
            rows += [
                expected(account_id, permission_set, kind, principal_id, user_id) for user_id in user_ids
            ]
    return rows


@pytest.mark.parametrize(
    "sizes",
    [{"accounts": 4, "users": 3, "permission_sets": 2}, {"accounts": 2, "users": 3, "permission_sets": 4}],
    ids=["by permission set", "by account"],
)
def test_two_organizations_behind_roles(
    moto: str, sso_batch: Command, tmp_path: Path, sizes: dict[str, int]
) -> None:
    """Each organization's rows are exactly those created in it, and the merged file has all of them."""
    rows = {name: populate(name, assume(role), **sizes) for name, role in ROLES.items()}
    entries = "".join(f"  - {{name: {name}, role_arn: '{role}'}}\n" for name, role in ROLES.items())
    config = tmp_path / "orgs.yaml"
    config.write_text(
        f"output: {{directory: '{tmp_path / 'reports'}'}}\n"
        "collect: {permission_set_details: false, entitlements: false, account_paths: false}\n"
        f"defaults: {{region: {REGION}}}\norganizations:\n{entries}"
    )

    ended = sso_batch("run", "-c", config, "--run-id", "on-moto")

    assert ended.code == 0, ended.stderr

    manifest = json.loads(manifest_in(tmp_path / "reports").read_text())
    assert manifest["endpoint_overrides"][0].endswith(f"={moto}")
    rows_written = {
        entry["name"]: read(tmp_path / "reports" / entry["files"][0]["name"])
        for entry in manifest["organizations"]
    }
    assert {name: sorted(found) for name, found in rows_written.items()} == {
        name: sorted(expected) for name, expected in rows.items()
    }
    merged = read(tmp_path / "reports" / manifest["files"][0]["name"])
    assert merged == [*rows_written["acme"], *rows_written["globex"]]


def read(file: Path) -> list[Row]:
    """Return the rows of a report with the columns that moto supports."""
    with file.open(newline="", encoding="utf-8") as stream:
        return [tuple(row[column] for column in COLUMNS) for row in csv.DictReader(stream)]
