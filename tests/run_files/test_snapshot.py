"""The snapshot file: read back as it was, or refused."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sso_batch.aws.response_parsing import parse_text as cleaned
from sso_batch.coverage import NotExamined, Omission
from sso_batch.model import (
    Account,
    Action,
    Application,
    ApplicationAssignment,
    AssignmentEvent,
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
from sso_batch.run_files.snapshot import SnapshotError, decode, encode
from tests.support.records import small_organization, snapshot

UNREADABLE = "the snapshot cannot be read: "
LINES = tuple(encode(replace(small_organization(), delegated_administrators=("000000000042",))))


def with_record(number: int, **values: object) -> list[str]:
    """Return the lines with other values in one of them; None removes a key."""
    record = json.loads(LINES[number]) | values
    line = json.dumps({key: value for key, value in record.items() if value is not None}) + "\n"
    return [*LINES[:number], line, *LINES[number + 1 :]]


# Refused


@pytest.mark.parametrize("kept", range(len(LINES)))
def test_cut_off_after_a_line(kept: int) -> None:
    """A file that was cut off after any line is refused."""
    with pytest.raises(SnapshotError) as caught:
        decode(LINES[:kept])

    assert caught.value.message == "the snapshot was cut off: its last record is missing"


@pytest.mark.parametrize("number", range(len(LINES)))
@pytest.mark.parametrize("kept", [1, 2, -2])
def test_cut_off_within_a_line(number: int, kept: int) -> None:
    """A file that was cut off within a line is refused."""
    with pytest.raises(SnapshotError):
        decode([*LINES[:number], LINES[number][:kept]])


def test_attributes_that_are_no_object() -> None:
    """A value of another type is refused."""
    number = next(index for index, line in enumerate(LINES) if '"record":"user"' in line)

    with pytest.raises(SnapshotError, match="AttributeError"):
        decode(with_record(number, attributes=[]))


@pytest.mark.parametrize("number", range(len(LINES) - 1))
def test_line_taken_out(number: int) -> None:
    """A file without one of its lines is refused."""
    with pytest.raises(SnapshotError):
        decode([*LINES[:number], *LINES[number + 1 :]])


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "the snapshot was cut off: its last record is missing"),
        (["\n"], UNREADABLE + "JSONDecodeError: Expecting value: line 2 column 1 (char 1)"),
        (["{}\n"], "this file is not a snapshot: its first record is not about the organization"),
        (["[]\n"], "the snapshot has a line that is not a record: '[]\\n'"),
        ([LINES[0], "7\n", *LINES[1:]], "the snapshot has a line that is not a record: '7\\n'"),
        ([*LINES, LINES[-2]], "the snapshot continues after its last record"),
        ([LINES[0], *LINES], UNREADABLE + "KeyError: 'organization'"),
        (with_record(1, record=None), UNREADABLE + "KeyError: 'record'"),
        (
            with_record(0, schema=2),
            (
                "the snapshot has version 2 of its format, and this version of sso-batch reads version 3: "
                "read it with the version of sso-batch that wrote it, or audit again"
            ),
        ),
        (with_record(0, schema=None), UNREADABLE + "KeyError: 'schema'"),
        (
            with_record(0, listing="by_magic"),
            UNREADABLE + "ValueError: 'by_magic' is not a valid ListingStrategy",
        ),
        (with_record(0, name=None), UNREADABLE + "KeyError: 'name'"),
        (with_record(0, region=None), UNREADABLE + "KeyError: 'region'"),
        (
            with_record(0, started_at="today"),
            UNREADABLE + "ValueError: Invalid isoformat string: 'today'",
        ),
        (
            with_record(0, finished_at=7),
            UNREADABLE + "TypeError: fromisoformat: argument must be str",
        ),
        (with_record(1, record="robot"), UNREADABLE + "KeyError: 'robot'"),
        (
            with_record(1, shoe_size=7),
            UNREADABLE + "TypeError: User.__init__() got an unexpected keyword argument 'shoe_size'",
        ),
        (
            with_record(1, login=None),
            UNREADABLE + "TypeError: User.__init__() missing 1 required positional argument: 'login'",
        ),
        (
            with_record(len(LINES) - 2, principal_id=None),
            UNREADABLE + "KeyError: 'principal_id'",
        ),
        (
            with_record(len(LINES) - 1, records=3),
            "record count mismatch: read 17, the last record says {'records': 3}",
        ),
        (
            with_record(0, endpoint_overrides=["http://127.0.0.1:1"]),
            UNREADABLE + "ValueError: an endpoint override without a service",
        ),
        (LINES[1:], "this file is not a snapshot: its first record is not about the organization"),
    ],
)
def test_refused(lines: list[str], message: str) -> None:
    """An invalid file is refused, with the reason."""
    with pytest.raises(SnapshotError) as caught:
        decode(lines)

    assert caught.value.message == message


def test_records_of_what_was_not_examined() -> None:
    """Records of a kind that was not examined are refused."""
    records = [
        *LINES[:-1],
        '{"record":"outdated","account_id":"1","permission_set_arn":"a"}',
        '{"record":"end","records":18}',
    ]

    with pytest.raises(SnapshotError) as caught:
        decode(records)

    assert caught.value.message == "the snapshot has records of a kind that was not examined"


# Read back


def test_a_snapshot_that_does_not_say_how_it_was_listed() -> None:
    """A snapshot of an earlier version has no `listing`, and is read."""
    assert '"listing":null' in LINES[0]
    assert decode(with_record(0, listing=None)).listing is None


def test_lines() -> None:
    """Each record is a line of compact ASCII, the organization first, the number of records last."""
    head, *records, end = encode(small_organization())

    assert json.loads(head) == {
        "record": "organization",
        "schema": 3,
        "name": "acme",
        "arn": "arn:aws:sso:::instance/ssoins-1",
        "identity_store_id": "d-1",
        "region": "eu-west-1",
        "organization_id": "o-a1b2c3d4e5",
        "management_account_id": "000000000001",
        "caller_arn": "arn:aws:sts::000000000001:assumed-role/Audit/sso-batch",
        "replica_regions": [],
        "started_at": "2026-03-04T05:06:07.089000+00:00",
        "finished_at": "2026-03-04T05:07:08+00:00",
        "strategy": "complete",
        "listing": None,
        "accounts_complete": True,
        "not_examined": ["account paths"],
        "endpoint_overrides": [],
        "config_sha256": "",
        "delegated_administrators": None,
        "people": [],
        "examined": [],
    }
    assert [json.loads(line)["record"] for line in records] == [
        *["user"] * 2,
        *["group"] * 2,
        *["membership"] * 2,
        "missing",
        *["account"] * 2,
        *["permission_set"] * 2,
        *["grant"] * 5,
    ]
    assert records[1] == (
        '{"record":"user","id":"u-2","login":"=cmd()","name":"Bob \\"the, builder\\"\\r\\n",'
        '"email":"","status":"DISABLED","external_ids":[],"attributes":{},"created_at":"","created_by":"",'
        '"updated_at":"","updated_by":""}\n'
    )
    assert end == '{"record":"end","records":17}\n'


def test_empty_and_not_read() -> None:
    """An empty text, an empty list and a value that was not read are read back as such."""
    records = snapshot(
        permission_sets=(
            PermissionSet("a", "", "", "", (), (), "", "", ()),
            PermissionSet("b"),
            PermissionSet("c", managed_policies=("x",)),
        ),
        accounts=(Account("1", "", "", ""), Account("2", "", "", None)),
        accounts_complete=False,
    )

    assert decode(encode(records)) == records


TEXT = st.text(max_size=8).map(cleaned) | st.sampled_from(
    ["\x00", "\r\n", "\u2028", "\x85", "\x1b[31m", "\ufeff"]
)
HALVES = st.text(st.sampled_from(["\ud83d", "\ude00", "a"]), max_size=4).map(cleaned)
WORDS = TEXT | HALVES
OPTIONAL = st.none() | WORDS
POLICIES = st.none() | st.lists(WORDS, max_size=3).map(tuple)
TIMES = st.datetimes(timezones=st.just(UTC), min_value=datetime(2020, 1, 1))  # noqa: DTZ001 - hypothesis adds the zone
PRINCIPALS = st.builds(Principal, WORDS, WORDS)


def some(records: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(records, max_size=3).map(tuple)


EXTERNAL_IDS = some(st.builds(ExternalId, WORDS, WORDS))
ATTRIBUTES = st.dictionaries(WORDS, WORDS, max_size=2).map(lambda values: tuple(values.items()))
MEMBERS = st.builds(Member, WORDS, WORDS, OPTIONAL, created_at=WORDS, created_by=WORDS)
ACTIONS = st.sampled_from(Action)

SNAPSHOTS = st.builds(
    Snapshot,
    organization=WORDS,
    instance=st.builds(Instance, WORDS, WORDS, WORDS, OPTIONAL, OPTIONAL, WORDS),
    started_at=TIMES,
    finished_at=TIMES,
    strategy=WORDS,
    users=some(st.builds(User, *[WORDS] * 5, EXTERNAL_IDS, ATTRIBUTES, created_at=WORDS, created_by=WORDS)),
    groups=some(st.builds(Group, WORDS, WORDS, EXTERNAL_IDS, updated_at=WORDS, updated_by=WORDS)),
    memberships=some(st.builds(Membership, WORDS, some(MEMBERS))),
    missing=some(PRINCIPALS),
    accounts=some(st.builds(Account, WORDS, WORDS, WORDS, OPTIONAL)),
    accounts_complete=st.booleans(),
    permission_sets=some(
        st.builds(
            PermissionSet,
            WORDS,
            OPTIONAL,
            OPTIONAL,
            OPTIONAL,
            POLICIES,
            POLICIES,
            OPTIONAL,
            OPTIONAL,
            POLICIES,
        )
    ),
    grants=some(st.builds(Grant, WORDS, WORDS, WORDS, WORDS, PRINCIPALS, OPTIONAL)),
    people=some(WORDS),
    applications=st.none()
    | some(
        st.builds(Application, WORDS, WORDS, WORDS, WORDS, WORDS, st.none() | st.booleans(), st.booleans())
    ),
    application_assignments=some(st.builds(ApplicationAssignment, WORDS, PRINCIPALS)),
    lookups=st.none() | some(st.builds(Lookup, WORDS, WORDS, WORDS)),
    assignment_events=some(st.builds(AssignmentEvent, WORDS, WORDS, ACTIONS, WORDS, WORDS, PRINCIPALS)),
    membership_events=some(st.builds(MembershipEvent, WORDS, WORDS, ACTIONS, WORDS, WORDS)),
    sign_ins=some(st.builds(SignIn, WORDS, WORDS)),
    not_examined=some(st.builds(NotExamined.by_collection, WORDS | st.sampled_from(Omission))),
    gaps=some(st.builds(Gap, st.sampled_from(GapKind), WORDS, WORDS, WORDS, WORDS, WORDS, WORDS)),
    outdated=st.none() | some(st.builds(Outdated, WORDS, WORDS)),
    policy_documents=some(st.builds(PolicyDocument, WORDS, WORDS, WORDS)),
    delegated_administrators=st.none() | some(WORDS),
    listing=st.none() | st.sampled_from(ListingStrategy),
)


@settings(derandomize=True, deadline=None)
@given(SNAPSHOTS)
def test_any_snapshot(records: Snapshot) -> None:
    """Any snapshot is read back as it was, from a file with one ASCII line per record."""
    text = "".join(encode(records))

    lines = text.encode("ascii").decode().splitlines(keepends=True)
    assert decode(lines) == records
    assert len(lines) == len(list(encode(records)))


@settings(derandomize=True, deadline=None)
@given(SNAPSHOTS, st.data())
def test_any_snapshot_cut_off(records: Snapshot, data: st.DataObject) -> None:
    """A file that was cut off anywhere before its last line break is refused."""
    text = "".join(encode(records))

    kept = data.draw(st.integers(0, len(text) - 2))

    with pytest.raises(SnapshotError):
        decode(text[:kept].splitlines(keepends=True))


def test_equal_ids_are_one_object() -> None:
    """Ids that many records have are in memory once: assignments and memberships outnumber them."""
    read = decode(LINES)

    ids = [grant.account_id for grant in read.grants] + [grant.permission_set_arn for grant in read.grants]
    ids += [grant.principal.id for grant in read.grants]
    ids += [user_id for membership in read.memberships for user_id in membership.user_ids]
    assert len(ids) > len(set(ids))
    assert len({id(each) for each in ids}) == len(set(ids))
