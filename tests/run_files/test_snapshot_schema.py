"""The published schema of a snapshot's records: the file, and what it takes and refuses."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from sso_batch.model import Gap, GapKind, Outdated, Snapshot
from sso_batch.run_files.snapshot import encode
from sso_batch.run_files.snapshot_schema import snapshot_schema, snapshot_schema_text
from tests.support.records import small_organization, snapshot

FILE = Path(__file__).parents[2] / "config" / "snapshot.schema.json"
WHOLE = replace(
    small_organization(),
    gaps=(Gap(GapKind.USERS, "a", "b", "c", "d", "e"),),
    outdated=(Outdated("111111111111", "arn"),),
)


def mistakes(record: Any) -> bool:  # noqa: ANN401 - whatever somebody wrote
    return not Draft202012Validator(snapshot_schema()).is_valid(record)


def records(one: Snapshot) -> list[dict[str, Any]]:
    return [json.loads(line) for line in encode(one)]


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("user", {"email": None}),
        ("user", {"age": 7}),
        ("account", {"path": 7}),
        ("grant", {"principal_id": None}),
        ("membership", {"user_ids": "u-1"}),
        ("organization", {"schema": 1}),
        ("end", {"records": 0}),
        ("gap", {"record": "hole"}),
        ("gap", {"kind": "shoes"}),
    ],
)
def test_refused(kind: str, change: dict[str, Any]) -> None:
    """A value of another type, an unknown key, another version or kind is refused."""
    record = next(one for one in records(WHOLE) if one["record"] == kind)

    assert not mistakes(record)
    assert mistakes(record | change)


def test_every_key_is_needed() -> None:
    """A record without one of its keys is refused, whichever that is."""
    for record in records(WHOLE):
        for key in record:
            assert mistakes({name: value for name, value in record.items() if name != key})


@pytest.mark.parametrize("one", [WHOLE, snapshot(), snapshot(outdated=())])
def test_taken(one: Snapshot) -> None:
    """Whatever a snapshot holds fits, unread values included."""
    assert [record for record in records(one) if mistakes(record)] == []


def test_every_kind_is_told() -> None:
    """Each kind of record is described, and so is each of its keys."""
    definitions = snapshot_schema()["$defs"]

    assert {one["record"] for one in records(WHOLE)} == set(definitions)
    for kind in definitions.values():
        told = [name for name, key in kind["properties"].items() if "description" in key]
        assert told == kind["required"][1:]


def test_published() -> None:
    """The file is what the program prints: a changed record changes it, and somebody sees that."""
    assert FILE.read_text() == snapshot_schema_text() + "\n"
