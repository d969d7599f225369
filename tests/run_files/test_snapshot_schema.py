"""The published schema of a snapshot's records: which records it accepts and refuses."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from sso_batch.model import (
    USER,
    Action,
    Application,
    ApplicationAssignment,
    AssignmentEvent,
    Gap,
    GapKind,
    ListingStrategy,
    Lookup,
    MembershipEvent,
    Outdated,
    PolicyDocument,
    Principal,
    SignIn,
    Snapshot,
)
from sso_batch.run_files.snapshot import encode
from sso_batch.run_files.snapshot_schema import snapshot_schema, snapshot_schema_text
from tests.support.records import small_organization, snapshot

FILE = Path(__file__).parents[2] / "config" / "snapshot.schema.json"
EVERYTHING = replace(
    small_organization(),
    gaps=(Gap(GapKind.USERS, "a", "b", "c", "d", "e"),),
    outdated=(Outdated("111111111111", "arn"),),
    policy_documents=(PolicyDocument("arn", "v1", "{}"),),
    delegated_administrators=("111111111111",),
    applications=(Application("arn", "name", "111111111111", "provider", "ENABLED"),),
    application_assignments=(ApplicationAssignment("arn", Principal(USER, "u-1")),),
    lookups=(Lookup("UserAuthentication", "2026-01-01T00:00:00Z", "2026-03-04T05:06:07Z"),),
    assignment_events=(AssignmentEvent("at", "by", Action.CREATED, "1", "arn", Principal(USER, "u-1")),),
    membership_events=(MembershipEvent("at", "by", Action.DELETED, "g-1", "u-1"),),
    sign_ins=(SignIn("u-1", "2026-02-01T00:00:00Z"),),
    listing=ListingStrategy.BY_USER,
)


def is_refused(record: Any) -> bool:  # noqa: ANN401 - any JSON
    return not Draft202012Validator(snapshot_schema()).is_valid(record)


def records(organization: Snapshot) -> list[dict[str, Any]]:
    return [json.loads(line) for line in encode(organization)]


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("user", {"email": None}),
        ("user", {"age": 7}),
        ("account", {"path": 7}),
        ("grant", {"principal_id": None}),
        ("membership", {"members": "u-1"}),
        ("organization", {"schema": 1}),
        ("organization", {"listing": "by_magic"}),
        ("end", {"records": 0}),
        ("gap", {"record": "unknown"}),
        ("gap", {"kind": "unknown"}),
    ],
)
def test_refused(kind: str, change: dict[str, Any]) -> None:
    """A value of another type, an unknown key, another version or kind is refused."""
    record = next(record for record in records(EVERYTHING) if record["record"] == kind)

    assert not is_refused(record)
    assert is_refused(record | change)


ADDED_LATER = ["listing"]
"""Keys that records of earlier versions lack."""


def test_every_key_is_required() -> None:
    """A record without any one of its keys is refused, unless earlier versions did not have the key."""
    for record in records(EVERYTHING):
        for key in record:
            without = {name: value for name, value in record.items() if name != key}
            assert is_refused(without) == (key not in ADDED_LATER)


@pytest.mark.parametrize("organization", [EVERYTHING, snapshot(), snapshot(outdated=())])
def test_accepted(organization: Snapshot) -> None:
    """Every record of a snapshot is accepted, with unread values, too."""
    assert [record for record in records(organization) if is_refused(record)] == []


def test_every_kind_is_described() -> None:
    """Each kind of record and each of its keys has a description."""
    definitions = snapshot_schema()["$defs"]

    assert {record["record"] for record in records(EVERYTHING)} == set(definitions)
    for kind in definitions.values():
        described = [name for name, key in kind["properties"].items() if "description" in key]
        assert [name for name in described if name not in ADDED_LATER] == kind["required"][1:]


def test_published() -> None:
    """The published file is the schema that the program prints."""
    assert FILE.read_text() == snapshot_schema_text() + "\n"
