"""Activity, night after night: what each audit looks up, what it knows, and what it knows no longer."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from sso_batch.access import resolve
from sso_batch.activity import ActivityIndex
from sso_batch.emulator import Behaviour, Emulator, Fault, Limits, audit_role
from sso_batch.emulator.world.builder import OrganizationBuilder
from sso_batch.emulator.world.events import History
from sso_batch.model import EventName, GapKind, Snapshot
from sso_batch.run_files import columns
from sso_batch.run_files.snapshot import decode, encode
from tests.support.activity import DAY, DELEGATE, HOUR, NOW, PROD, Clock, acme, ago, audited, world_of
from tests.support.command import set_environment

OTHER_NAMES = len(EventName) - 1
"""The look-ups in addition to that of sign-ins, each of one page if it finds at most one event."""


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def aws(home: object, unhurried: None) -> None:
    """Use no AWS settings of this machine, and no pauses."""
    del home, unhurried


class Nights:
    """One organization on an emulator, audited whenever a test wants."""

    def __init__(self, emulator: Emulator, clock: Clock) -> None:
        self.emulator = emulator
        self.clock = clock

    def audit(self, earlier: Snapshot | None = None, **options: object) -> Snapshot:
        """Return the snapshot as a later run reads it from its file; calls are counted from its start."""
        self.emulator.calls.clear()
        return decode(encode(audited(self.emulator, self.clock, earlier, **options)))  # type: ignore[arg-type]

    @property
    def lookups(self) -> int:
        """How often events were looked up."""
        return self.emulator.calls["acme", "LookupEvents"]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> Iterator[object]:
    """Return a function that serves a world and returns its nights."""
    running = []

    def start(record: object, *, role: dict[str, object] | None = None, **options: object) -> Nights:
        world = world_of(acme(record), **(role or {}))  # type: ignore[arg-type]
        emulator = Emulator(world, limits=Limits.off(), clock=clock, **options)  # type: ignore[arg-type]
        emulator.__enter__()
        running.append(emulator)
        set_environment(monkeypatch, emulator.environment())
        return Nights(emulator, clock)

    yield start
    for emulator in running:
        emulator.__exit__(None, None, None)


def rows(snapshot: Snapshot) -> list[dict[str, str]]:
    """Return the rows of a snapshot's report."""
    return [dict(columns.row(access, holder)) for access in resolve(snapshot) for holder in access.holders]


def cells(snapshot: Snapshot, column: str) -> dict[tuple[str, str], str]:
    """Return a column by the type of the grant's principal and the user's login."""
    return {(row["PrincipalType"], row["UserLogin"]): row[column] for row in rows(snapshot)}


def fill(history: History, _: OrganizationBuilder) -> None:
    """Record an assignment 10 days ago, a member, and sign-ins of two generations every half an hour."""
    pipeline = history.role("Pipeline", "run-7")
    history.assigned(NOW - 10 * DAY, pipeline, "Admin", "GROUP", "ops", PROD)
    history.member(NOW - 9 * DAY, history.person("ada"), "AddMemberToGroup", "ops", "bob")
    for half_hours in range(-4, 100):
        history.signed_in(NOW + 900 + half_hours * 1800, "ada", old=half_hours % 2 == 0)
    history.signed_in(NOW - 30 * DAY, "bob")


def test_three_nights(serve: object, clock: Clock) -> None:
    """The second night looks up an hour more than the time since the first; what was known then stays."""
    nights = serve(fill, behaviour=Behaviour(page_size=1))  # type: ignore[operator]

    first = nights.audit()
    first_lookups = nights.lookups
    clock.now += DAY
    second = nights.audit(first)
    second_lookups = nights.lookups
    clock.now += 100 * DAY
    third = nights.audit(second)

    assert first_lookups == OTHER_NAMES + 4 + 1  # two hours of Ada's sign-ins, and Bob's
    assert second_lookups == OTHER_NAMES + 2 * (1 + 24)
    assert nights.lookups == len(EventName)  # CloudTrail has no event any more
    for snapshot in (first, second, third):
        assert snapshot.complete
        assert cells(snapshot, "AssignedBy") == {
            ("USER", "ada"): "NOT_READ",
            ("GROUP", "ada"): "Pipeline/run-7",
            ("GROUP", "bob"): "Pipeline/run-7",
        }
        assert cells(snapshot, "AssignedAt")["GROUP", "bob"] == ago(10 * DAY)
        assert cells(snapshot, "LastSignIn")["GROUP", "bob"] == ago(30 * DAY)
    assert cells(first, "LastSignIn")["USER", "ada"] == ago(900)
    assert cells(third, "LastSignIn")["USER", "ada"] == ago(-DAY + 900)
    assert [lookup.since for lookup in second.lookups or ()] == [
        lookup.since for lookup in first.lookups or ()
    ]
    assert third.assignment_events == first.assignment_events
    assert third.membership_events == first.membership_events


def test_a_user_who_never_signed_in(serve: object) -> None:
    """Without a hole, no sign-in is an empty cell."""
    nights = serve(lambda history, _: history.signed_in(NOW - HOUR, "bob"))  # type: ignore[operator]

    assert cells(nights.audit(), "LastSignIn") == {
        ("USER", "ada"): "",
        ("GROUP", "ada"): "",
        ("GROUP", "bob"): ago(HOUR),
    }


def test_failed_sign_ins_and_other_products_do_not_count(serve: object) -> None:
    """A sign-in to Amazon WorkSpaces, to another instance or without success is none."""

    def record(history: History, builder: OrganizationBuilder) -> None:
        history.signed_in(NOW - HOUR, "ada", failed=True)
        history.signed_in(NOW - HOUR, "ada", old=True, failed=True)
        other = OrganizationBuilder(
            "other", management_account_id="999999999999", region="eu-west-1", domain="other.example"
        )
        foreign = History(other)
        success = {"serviceEventDetails": {"UserAuthentication": "Success"}}
        for identity, url in (
            (foreign.person("ada"), ""),
            (history.person("ada", old=True), "https://clients.amazonaws.com/workspaces"),
            (history.person("ada", old=True), f"https://{other.store_id}.awsapps.com/start/"),
        ):
            detail = {**success, "userIdentity": identity, "additionalEventData": {"LoginTo": url}}
            history.other("UserAuthentication", "signin.amazonaws.com", NOW - HOUR, detail)
        builder.record()

    snapshot = serve(record).audit()  # type: ignore[operator]

    assert snapshot.sign_ins == ()
    assert snapshot.complete
    assert cells(snapshot, "LastSignIn")["USER", "ada"] == ""


def test_what_a_delegated_administrator_did_is_unknown(serve: object) -> None:
    """Its events are in its own account's history: the author is NOT_READ, without a gap."""

    def record(history: History, _: OrganizationBuilder) -> None:
        delegate = history.role("Identity", "eve", account_id=DELEGATE)
        history.assigned(NOW - DAY, delegate, "Admin", "GROUP", "ops", PROD, account_id=DELEGATE)
        history.member(NOW - DAY, delegate, "AddMemberToGroup", "ops", "bob", account_id=DELEGATE)
        history.signed_in(NOW - HOUR, "ada")

    snapshot = serve(record).audit()  # type: ignore[operator]

    assert snapshot.complete
    assert set(cells(snapshot, "AssignedBy").values()) == {"NOT_READ"}
    assert set(cells(snapshot, "MemberAddedBy").values()) == {""}
    assert cells(snapshot, "LastSignIn")["USER", "ada"] == ago(HOUR)


def test_from_the_account_of_a_delegated_administrator(
    serve: object, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own assignments are known there, and that no sign-in is recorded there proves nothing."""
    del serve

    def record(history: History, builder: OrganizationBuilder) -> None:
        builder.delegated_administrators = (DELEGATE,)
        delegate = history.role("Identity", "eve", account_id=DELEGATE)
        history.assigned(NOW - DAY, delegate, "Admin", "GROUP", "ops", PROD, account_id=DELEGATE)
        history.signed_in(NOW - HOUR, "ada")

    world = world_of(acme(record))
    own = replace(audit_role(world.organizations[0]), arn=f"arn:aws:iam::{DELEGATE}:role/SsoBatchAudit")
    with Emulator(replace(world, roles=(own,)), limits=Limits.off(), clock=clock) as emulator:
        set_environment(monkeypatch, emulator.environment())
        snapshot = audited(emulator, clock)

    assert cells(snapshot, "AssignedBy")["GROUP", "bob"] == "Identity/eve"
    assert set(cells(snapshot, "LastSignIn").values()) == {"NOT_READ"}
    assert ActivityIndex(snapshot).known_since("UserAuthentication") is None
    assert "sign-ins that other accounts or Regions record" in [item.text for item in snapshot.not_examined]
    assert snapshot.complete


def test_sign_ins_in_replica_regions_are_not_looked_up(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a second Region, no known sign-in is NOT_READ and never an empty cell."""
    organization = replace(acme(), replica_regions=("eu-north-1",))
    with Emulator(world_of(organization), limits=Limits.off(), clock=clock) as emulator:
        set_environment(monkeypatch, emulator.environment())
        snapshot = audited(emulator, clock)

    assert snapshot.instance.replica_regions == ("eu-north-1",)
    assert set(cells(snapshot, "LastSignIn").values()) == {"NOT_READ"}


def test_a_deadline_cuts_the_look_up_of_sign_ins(serve: object, clock: Clock) -> None:
    """What was read stays, what is older is not examined, and the snapshot is complete."""

    def record(history: History, _: OrganizationBuilder) -> None:
        for days in range(1, 9):
            history.signed_in(NOW - days * DAY, "ada" if days < 4 else "bob")

    hang = Fault("hang", operation="LookupEvents", resource="UserAuthentication", after=3)
    nights = serve(record, behaviour=Behaviour(page_size=1), faults=[hang])  # type: ignore[operator]

    cut = nights.audit(seconds=1.5)
    nights.emulator.faults.clear()
    clock.now += DAY
    again = nights.audit(cut)

    assert cut.complete
    activity = [item.text for item in cut.not_examined if item.text.startswith("activity: ")]
    assert activity == [f"activity: sign-ins before {ago(3 * DAY - 1)}"]
    assert cells(cut, "LastSignIn") == {
        ("USER", "ada"): ago(DAY),
        ("GROUP", "ada"): ago(DAY),
        ("GROUP", "bob"): "NOT_READ",
    }
    assert ActivityIndex(again).known_since("UserAuthentication") == ago(3 * DAY - 1)
    assert cells(again, "LastSignIn")["GROUP", "bob"] == "NOT_READ"


def test_a_denied_look_up_is_one_gap(serve: object) -> None:
    """The gap names the action; everything else is complete, and LastSignIn is NOT_READ, never empty."""
    nights = serve(fill, role={"denied": ("cloudtrail:LookupEvents",)})  # type: ignore[operator]

    snapshot = nights.audit()

    (gap,) = snapshot.gaps
    assert (gap.kind, gap.operation) == (GapKind.ACTIVITY, "LookupEvents")
    assert "cloudtrail:LookupEvents" in gap.hint
    assert set(cells(snapshot, "LastSignIn").values()) == {"NOT_READ"}
    assert snapshot.lookups == ()
    assert nights.lookups <= 2


def test_events_that_cannot_be_read(serve: object) -> None:
    """They are counted; until them, nothing is known without a hole."""

    def record(history: History, _: OrganizationBuilder) -> None:
        history.signed_in(NOW - HOUR, "ada")
        history.other("UserAuthentication", "signin.amazonaws.com", NOW - 2 * HOUR, "{")
        history.other("CreateAccountAssignment", "sso.amazonaws.com", NOW - HOUR, {"userIdentity": None})
        history.other("CreateGroupMembership", "quicksight.amazonaws.com", NOW - HOUR, {})

    snapshot = serve(record).audit()  # type: ignore[operator]

    assert snapshot.complete
    assert [item.text for item in snapshot.not_examined if item.text.startswith("activity: ")] == [
        "activity: 1 events of new assignments that cannot be read",
        "activity: 1 events of sign-ins that cannot be read",
    ]
    assert cells(snapshot, "LastSignIn") == {
        ("USER", "ada"): ago(HOUR),
        ("GROUP", "ada"): ago(HOUR),
        ("GROUP", "bob"): "NOT_READ",
    }
    assert ActivityIndex(snapshot).known_since("UserAuthentication") == ago(2 * HOUR - 1)


def test_the_account_of_another_night(serve: object, clock: Clock) -> None:
    """What another account's history showed is kept, but its time spans do not count."""
    nights = serve(fill)  # type: ignore[operator]
    first = nights.audit()
    elsewhere = replace(
        first, instance=replace(first.instance, caller_arn=f"arn:aws:sts::{DELEGATE}:assumed-role/A/b")
    )
    other = replace(first, instance=replace(first.instance, arn="arn:aws:sso:::instance/ssoins-other"))
    clock.now += DAY

    moved, another = nights.audit(elsewhere), nights.audit(other)

    assert all(lookup.since == ago(89 * DAY) for lookup in moved.lookups or ())
    assert moved.assignment_events == first.assignment_events
    assert another.lookups == moved.lookups
