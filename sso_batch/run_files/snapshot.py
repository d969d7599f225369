"""The snapshot file: everything that was read of one organization, one record per line.

The first line is about the organization; the last one has the number of records, and a file without it was
cut off. Records are sorted, so that two audits of the same state differ only in their times.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import fields
from datetime import datetime
from typing import Any

from sso_batch.coverage import NotExamined
from sso_batch.errors import SsoBatchError
from sso_batch.model import (
    Account,
    EndpointOverride,
    Gap,
    GapKind,
    Grant,
    Group,
    Instance,
    Membership,
    Outdated,
    PermissionSet,
    PolicyDocument,
    Principal,
    Snapshot,
    User,
)

SCHEMA = 2

KINDS: tuple[tuple[str, type, str], ...] = (
    ("user", User, "users"),
    ("group", Group, "groups"),
    ("membership", Membership, "memberships"),
    ("missing", Principal, "missing"),
    ("account", Account, "accounts"),
    ("permission_set", PermissionSet, "permission_sets"),
    ("policy", PolicyDocument, "policy_documents"),
    ("grant", Grant, "grants"),
    ("gap", Gap, "gaps"),
    ("outdated", Outdated, "outdated"),
)
"""Each kind of record: its name in the file, its class, and the field of the snapshot."""

_CUT_OFF = "the snapshot was cut off: its last record is missing"


class SnapshotError(SsoBatchError):
    """A snapshot that cannot be used: cut off, changed, or of another version."""


def encode(snapshot: Snapshot) -> Iterator[str]:
    """Yield the lines of the file, each with its line break."""
    yield _line(
        "organization",
        {
            "schema": SCHEMA,
            "name": snapshot.organization,
            **_plain(snapshot.instance),
            "started_at": snapshot.started_at.isoformat(),
            "finished_at": snapshot.finished_at.isoformat(),
            "strategy": snapshot.strategy,
            "accounts_complete": snapshot.accounts_complete,
            "not_examined": [item.text for item in snapshot.not_examined],
            "endpoint_overrides": [str(override) for override in snapshot.endpoint_overrides],
            "config_sha256": snapshot.config_sha256,
            "outdated_examined": snapshot.outdated is not None,
            "delegated_administrators": snapshot.delegated_administrators,
        },
    )
    records = 1
    for kind, _, field in KINDS:
        for record in getattr(snapshot, field) or ():
            yield _line(kind, _plain(record))
            records += 1
    yield _line("end", {"records": records})


def decode(lines: Iterable[str]) -> Snapshot:
    """Return the snapshot that `encode` wrote; raise SnapshotError for anything else."""
    try:
        records = (_object(line) for line in lines)
        head = next(records, None)
        if head is None:
            raise SnapshotError(_CUT_OFF)
        if head.pop("record", None) != "organization":
            raise SnapshotError("this file is not a snapshot: its first record is not about the organization")
        if head.pop("schema") != SCHEMA:
            raise SnapshotError("the snapshot was written by another version of sso-batch")
        outdated_examined = head["outdated_examined"]
        found = _records_of(records)
        if found["outdated"] and not outdated_examined:
            raise SnapshotError("the snapshot has records of a kind that was not examined")
        delegated = head["delegated_administrators"]
        lists = {field: tuple(found[kind]) for kind, _, field in KINDS}
        return Snapshot(
            organization=head["name"],
            instance=_record(Instance, {key: head[key] for key in _names(Instance)}),
            started_at=datetime.fromisoformat(head["started_at"]),
            finished_at=datetime.fromisoformat(head["finished_at"]),
            strategy=head["strategy"],
            accounts_complete=head["accounts_complete"],
            not_examined=tuple(map(NotExamined.by_collection, head["not_examined"])),
            endpoint_overrides=tuple(map(EndpointOverride.parse, head["endpoint_overrides"])),
            config_sha256=head["config_sha256"],
            delegated_administrators=None if delegated is None else tuple(delegated),
            **(lists if outdated_examined else lists | {"outdated": None}),
        )
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise SnapshotError(f"the snapshot cannot be read: {type(error).__name__}: {error}") from error


def config_of(lines: Iterable[str]) -> str:
    """Return the fingerprint in the first record; raise SnapshotError if there is none."""
    try:
        head = _object(next(iter(lines), ""))
        if head["record"] != "organization" or head["schema"] != SCHEMA:
            raise SnapshotError("this file is not a snapshot of this version of sso-batch")
        return str(head["config_sha256"])
    except (KeyError, ValueError, RecursionError) as error:
        raise SnapshotError(f"the snapshot cannot be read: {type(error).__name__}: {error}") from error


def _records_of(records: Iterator[dict[str, Any]]) -> dict[str, list[Any]]:
    """Return the records between the first and the last one, by kind."""
    found: dict[str, list[Any]] = {kind: [] for kind, _, _ in KINDS}
    classes = {kind: cls for kind, cls, _ in KINDS}
    for count, record in enumerate(records, start=1):
        kind = record.pop("record")
        if kind != "end":
            found[kind].append(_record(classes[kind], record))
        elif record != {"records": count}:
            raise SnapshotError(f"record count mismatch: read {count}, the last record says {record}")
        elif next(records, None) is not None:
            raise SnapshotError("the snapshot continues after its last record")
        else:
            return found
    raise SnapshotError(_CUT_OFF)


def _object(line: str) -> dict[str, Any]:
    record = json.loads(line)
    if not isinstance(record, dict):
        raise SnapshotError(f"the snapshot has a line that is not a record: {line[:40]!r}")
    return record


def _line(kind: str, record: dict[str, Any]) -> str:
    return json.dumps({"record": kind, **record}, separators=(",", ":"), ensure_ascii=True) + "\n"


def _names(cls: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(cls))


def _plain(record: Any) -> dict[str, Any]:  # noqa: ANN401 - any record of the model
    if isinstance(record, Grant):
        principal = {"principal_type": record.principal.type, "principal_id": record.principal.id}
        return {
            "account_id": record.account_id,
            "access_type": record.access_type,
            "permission_set_arn": record.permission_set_arn,
            "role_arn": record.role_arn,
            **principal,
        }
    return {name: getattr(record, name) for name in _names(type(record))}


def _record(cls: type, values: dict[str, Any]) -> Any:  # noqa: ANN401 - a record of class `cls`
    if cls is Grant:
        principal = Principal(values.pop("principal_type"), values.pop("principal_id"))
        return Grant(**values, principal=principal)
    if cls is Gap:
        return Gap(**values | {"kind": GapKind(values["kind"])})
    return cls(**{key: tuple(value) if isinstance(value, list) else value for key, value in values.items()})
