"""The snapshot file: everything that was read of one organization, one record per line.

The first line is about the organization; the last one has the number of records, and a file without it was
cut off. Records are sorted, so that two audits of the same state differ only in their times.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import Field, fields
from datetime import datetime
from functools import cache
from typing import Any

from sso_batch.coverage import parse as parse_not_examined
from sso_batch.errors import SsoBatchError
from sso_batch.model import (
    Account,
    Action,
    Application,
    ApplicationAssignment,
    AssignmentEvent,
    EndpointOverride,
    ExternalId,
    Gap,
    GapKind,
    Grant,
    Group,
    Instance,
    ListingStrategy,
    Lookup,
    Member,
    Membership,
    MembershipEvent,
    Outdated,
    PermissionSet,
    PolicyDocument,
    Principal,
    SignIn,
    Snapshot,
    User,
)

SCHEMA = 3

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
    ("application", Application, "applications"),
    ("application_assignment", ApplicationAssignment, "application_assignments"),
    ("lookup", Lookup, "lookups"),
    ("assignment_event", AssignmentEvent, "assignment_events"),
    ("membership_event", MembershipEvent, "membership_events"),
    ("sign_in", SignIn, "sign_ins"),
)
"""Each kind of record: its name in the file, its class, and the field of the snapshot."""

OPTIONAL = ("outdated", "applications", "lookups")
"""Fields that are None in a snapshot that did not examine them; `examined` names the others."""

_SHARED = frozenset(
    {"account_id", "access_type", "permission_set_arn", "principal_id", "principal_type", "user_id"}
)
"""Fields whose values are the same in many records."""

_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=True)

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
            "listing": snapshot.listing,
            "accounts_complete": snapshot.accounts_complete,
            "not_examined": [item.text for item in snapshot.not_examined],
            "endpoint_overrides": [str(override) for override in snapshot.endpoint_overrides],
            "config_sha256": snapshot.config_sha256,
            "delegated_administrators": snapshot.delegated_administrators,
            "people": snapshot.people,
            "examined": [field for field in OPTIONAL if getattr(snapshot, field) is not None],
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
        _refuse_other_schema(head["schema"])
        found = _records_of(records)
        delegated = head["delegated_administrators"]
        listing = head.get("listing")  # absent from snapshots of earlier versions
        return Snapshot(
            organization=head["name"],
            instance=_record(Instance, {key: head[key] for key in _names(Instance)}, {}),
            started_at=datetime.fromisoformat(head["started_at"]),
            finished_at=datetime.fromisoformat(head["finished_at"]),
            strategy=head["strategy"],
            listing=None if listing is None else ListingStrategy(listing),
            accounts_complete=head["accounts_complete"],
            not_examined=tuple(map(parse_not_examined, head["not_examined"])),
            endpoint_overrides=tuple(map(EndpointOverride.parse, head["endpoint_overrides"])),
            config_sha256=head["config_sha256"],
            delegated_administrators=None if delegated is None else tuple(delegated),
            people=tuple(head["people"]),
            **_lists(found, frozenset(head["examined"])),
        )
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise SnapshotError(f"the snapshot cannot be read: {type(error).__name__}: {error}") from error


def config_of(lines: Iterable[str]) -> str:
    """Return the fingerprint in the first record; raise SnapshotError if there is none."""
    try:
        head = _object(next(iter(lines), ""))
        if head["record"] != "organization":
            raise SnapshotError("this file is not a snapshot: its first record is not about the organization")
        _refuse_other_schema(head["schema"])
        return str(head["config_sha256"])
    except (KeyError, ValueError, RecursionError) as error:
        raise SnapshotError(f"the snapshot cannot be read: {type(error).__name__}: {error}") from error


def _refuse_other_schema(schema: object) -> None:
    if schema != SCHEMA:
        raise SnapshotError(
            f"the snapshot has version {schema} of its format, and this version of sso-batch reads version "
            f"{SCHEMA}: read it with the version of sso-batch that wrote it, or audit again"
        )


def _lists(found: Mapping[str, list[Any]], examined: frozenset[str]) -> dict[str, Any]:
    """Return the records by the snapshot's fields; None where they were not examined."""
    lists: dict[str, Any] = {}
    for kind, _, field in KINDS:
        lists[field] = tuple(found[kind])
        if field in OPTIONAL and field not in examined:
            if found[kind]:
                raise SnapshotError("the snapshot has records of a kind that was not examined")
            lists[field] = None
    return lists


def _records_of(records: Iterator[dict[str, Any]]) -> dict[str, list[Any]]:
    """Return the records between the first and the last one, by kind."""
    found: dict[str, list[Any]] = {kind: [] for kind, _, _ in KINDS}
    classes = {kind: cls for kind, cls, _ in KINDS}
    shared: dict[str, str] = {}
    for count, record in enumerate(records, start=1):
        kind = record.pop("record")
        if kind != "end":
            found[kind].append(_record(classes[kind], record, shared))
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
    return _ENCODER.encode({"record": kind, **record}) + "\n"


def _names(cls: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(cls))


@cache
def fields_in_file(cls: type[Any]) -> tuple[Field[Any], ...]:
    """Return the fields of a record in the order of the file: dates and authors are at its end."""
    return tuple(sorted(fields(cls), key=lambda field: bool(field.kw_only)))


def _plain(record: Any) -> dict[str, Any]:  # noqa: ANN401 - any record of the model
    plain = {field.name: getattr(record, field.name) for field in fields_in_file(record.__class__)}
    match record:
        case Membership():
            plain["members"] = [_plain(member) for member in record.members]
        case User() | Group():
            plain["external_ids"] = [_plain(external_id) for external_id in record.external_ids]
            if isinstance(record, User):
                plain["attributes"] = dict(record.attributes)
        case Grant() | ApplicationAssignment() | AssignmentEvent():
            principal = plain.pop("principal")
            plain |= {"principal_type": principal.type, "principal_id": principal.id}
    return plain


def _record(cls: type, values: dict[str, Any], shared: dict[str, str]) -> Any:  # noqa: ANN401 - a `cls`
    """Return the record with these values; equal ids in `shared` become one object, which saves memory."""
    _share(cls, values, shared)
    if cls in (Grant, ApplicationAssignment, AssignmentEvent):
        values["principal"] = Principal(values.pop("principal_type"), values.pop("principal_id"))
    if cls is Gap:
        values["kind"] = GapKind(values["kind"])
    if cls in (AssignmentEvent, MembershipEvent):
        values["action"] = Action(values["action"])
    if cls is Membership:
        for member in values["members"]:
            _share(Member, member, shared)
        values["members"] = tuple(Member(**member) for member in values["members"])
    if cls in (User, Group):
        values["external_ids"] = tuple(ExternalId(**external_id) for external_id in values["external_ids"])
    if cls is User:
        values["attributes"] = tuple(values["attributes"].items())
    for key, value in values.items():
        if isinstance(value, list):
            values[key] = tuple(value)
    return cls(**values)


def _share(cls: type, values: dict[str, Any], shared: dict[str, str]) -> None:
    """Replace the texts that many records have by the equal ones that came first."""
    for key in _shared_keys(cls):
        value = values[key]
        values[key] = shared.setdefault(value, value)


@cache
def _shared_keys(cls: type) -> tuple[str, ...]:
    """Return the keys of a record whose values many records have."""
    names = {*_names(cls)}
    if "principal" in names:
        names |= {"principal_type", "principal_id"}
    return tuple(_SHARED & names)
