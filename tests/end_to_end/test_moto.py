"""A complete audit of moto, an AWS that somebody else wrote: two organizations behind roles."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.ssoadmin.models import SSOAdminBackend
from moto.ssoadmin.responses import SSOAdminResponse

from sso_batch.aws import gateway
from tests.support.command import Command, set_environment
from tests.support.moto_server import moto_server
from tests.support.reports import run_folder

REGION = "eu-west-1"
ROLES = {
    "acme": "arn:aws:iam::111111111111:role/Audit",
    "globex": "arn:aws:iam::222222222222:role/Audit",
}

Row = tuple[str, ...]
Client = Callable[[str], Any]

COLUMNS = (
    "Organization",
    "UserEmail",
    "UserName",
    "AccountId",
    "AccountName",
    "PermissionSet",
    "PrincipalType",
    "PrincipalId",
    "UserId",
    "UserLogin",
    "GroupName",
    "PrincipalState",
    "SessionDuration",
)


@pytest.fixture
def moto(monkeypatch: pytest.MonkeyPatch, home: Path, unhurried: None) -> Iterator[str]:
    """Serve moto with two wrong handlers replaced: pairs are provisioned where they are assigned."""
    assert home.is_dir()
    del unhurried
    monkeypatch.setattr(SSOAdminBackend, "list_accounts_for_provisioned_permission_set", _accounts_of)
    monkeypatch.setattr(SSOAdminResponse, "list_permission_sets_provisioned_to_account", _permission_sets_of)

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


class MadeOrganization:
    """An organization that was created in moto, with users, a group of all users, and an empty group."""

    def __init__(self, name: str, client: Client, *, accounts: int, users: int) -> None:
        self._name = name
        self._sso = client("sso-admin")
        client("organizations").create_organization(FeatureSet="ALL")
        (instance,) = self._sso.list_instances()["Instances"]
        self._instance = {"InstanceArn": instance["InstanceArn"]}
        self._account_names = self._create_accounts(client("organizations"), accounts)
        store, store_id = client("identitystore"), {"IdentityStoreId": instance["IdentityStoreId"]}
        self._users = {
            store.create_user(
                **store_id,
                UserName=f"{name}-user-{number}",
                DisplayName=f"Person {number} of {name}",
                Name={"GivenName": "Person", "FamilyName": str(number)},
                Emails=[{"Value": f"{number}@{name}.example.com", "Primary": True}],
            )["UserId"]: number
            for number in range(users)
        }
        self._group_names = {
            store.create_group(**store_id, DisplayName=group_name)["GroupId"]: group_name
            for group_name in (f"{name} engineers", f"{name} nobody")
        }
        for user_id in self._users:
            group_id = next(iter(self._group_names))
            store.create_group_membership(**store_id, GroupId=group_id, MemberId={"UserId": user_id})

    def _create_accounts(self, organizations: Any, count: int) -> dict[str, str]:  # noqa: ANN401 - a client
        """Create accounts and return their names by id."""
        statuses = [
            organizations.create_account(
                Email=f"{self._name}-{number}@example.com", AccountName=f"{self._name} {number}"
            )["CreateAccountStatus"]
            for number in range(count)
        ]
        return {status["AccountId"]: status["AccountName"] for status in statuses}

    def assign(self, permission_sets: int, policies: Iterable[str] = ()) -> list[Row]:
        """Assign each permission set in each account to both groups and a user; return the expected rows.

        Each permission set has the AWS managed `policies`.
        """
        rows: list[Row] = []
        engineers, nobody = self._group_names
        first = next(iter(self._users))
        principals = (
            ("GROUP", engineers, list(self._users)),
            ("GROUP", nobody, [""]),
            ("USER", first, [first]),
        )
        for number in range(permission_sets):
            name = f"Set{number}"
            created = self._sso.create_permission_set(**self._instance, Name=name, SessionDuration="PT8H")
            for policy in policies:
                self._sso.attach_managed_policy_to_permission_set(
                    **self._instance,
                    PermissionSetArn=created["PermissionSet"]["PermissionSetArn"],
                    ManagedPolicyArn=policy,
                )
            for account_id, (kind, principal_id, user_ids) in product(self._account_names, principals):
                self._sso.create_account_assignment(
                    **self._instance,
                    TargetId=account_id,
                    TargetType="AWS_ACCOUNT",
                    PermissionSetArn=created["PermissionSet"]["PermissionSetArn"],
                    PrincipalType=kind,
                    PrincipalId=principal_id,
                )
                rows += [self._row(account_id, name, kind, principal_id, user_id) for user_id in user_ids]
        return rows

    def _row(self, account_id: str, permission_set: str, kind: str, principal_id: str, user_id: str) -> Row:
        """Return the row of one user, or of the empty group, in the order of COLUMNS."""
        number = self._users.get(user_id)
        has_user = number is not None
        return (
            self._name,
            f"{number}@{self._name}.example.com" if has_user else "",
            f"Person {number} of {self._name}" if has_user else "",
            account_id,
            self._account_names[account_id],
            permission_set,
            kind,
            principal_id,
            user_id,
            f"{self._name}-user-{number}" if has_user else "",
            self._group_names.get(principal_id, ""),
            "OK" if has_user else "EMPTY_GROUP",
            "PT8H",
        )


def populate(name: str, client: Client, *, accounts: int, users: int, permission_sets: int) -> list[Row]:
    """Create an organization and return the rows that its report must have."""
    return MadeOrganization(name, client, accounts=accounts, users=users).assign(permission_sets)


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

    folder = run_folder(tmp_path / "reports")
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["endpoint_overrides"][0].endswith(f"={moto}")
    rows_written = {
        entry["name"]: read(folder / entry["files"][0]["name"]) for entry in manifest["organizations"]
    }
    assert {name: sorted(found) for name, found in rows_written.items()} == {
        name: sorted(expected) for name, expected in rows.items()
    }
    merged = read(folder / manifest["files"][0]["name"])
    assert merged == [*rows_written["acme"], *rows_written["globex"]]


NOT_OF_MOTO = {
    "GetPermissionsBoundaryForPermissionSet",
    "ListDelegatedAdministrators",  # of IAM Identity Center
    "ListTagsForResource",
}
"""What moto refuses or does not have."""


def test_managed_policies(
    moto: str, sso_batch: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The documents of AWS managed policies are those that moto has, in the version that is in force."""
    del moto
    monkeypatch.setenv("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
    monkeypatch.setattr(gateway, "GIVE_UP", 0.05)
    arns = [f"arn:aws:iam::aws:policy/{name}" for name in ("AmazonS3FullAccess", "ReadOnlyAccess")]
    client = assume(ROLES["acme"])
    MadeOrganization("acme", client, accounts=2, users=1).assign(permission_sets=2, policies=arns)
    config = tmp_path / "orgs.yaml"
    config.write_text(
        f"output: {{directory: '{tmp_path / 'reports'}'}}\n"
        "collect: {entitlements: false, account_paths: false}\n"
        f"organizations:\n  - {{name: acme, role_arn: '{ROLES['acme']}', region: {REGION}}}\n"
    )

    ended = sso_batch("run", "-c", config)

    assert ended.code == 4, ended.stderr
    folder = run_folder(tmp_path / "reports")
    (entry,) = json.loads((folder / "manifest.json").read_text())["organizations"]
    assert {gap["operation"] for gap in entry["gaps"]} == NOT_OF_MOTO
    lines = (folder / entry["files"][-1]["name"]).read_text().splitlines()
    documents = {
        record["arn"]: (record["version_id"], json.loads(record["document"]))
        for record in map(json.loads, lines)
        if record["record"] == "policy"
    }
    assert documents == {arn: document_in_force(client("iam"), arn) for arn in arns}


def document_in_force(iam: Any, arn: str) -> tuple[str, dict[str, Any]]:  # noqa: ANN401 - a client
    """Return version and document of a policy."""
    version_id = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    return version_id, iam.get_policy_version(PolicyArn=arn, VersionId=version_id)["PolicyVersion"][
        "Document"
    ]


def read(file: Path) -> list[Row]:
    """Return the rows of a report with the columns that moto supports."""
    with file.open(newline="", encoding="utf-8") as stream:
        return [tuple(row[column] for column in COLUMNS) for row in csv.DictReader(stream)]
