"""Tests of the waivers for access that was kept until a day."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sso_batch.campaign.decisions import Decided
from sso_batch.campaign.item import ASSIGNMENT, Item
from sso_batch.campaign.population import Population
from sso_batch.campaign.record import CampaignRecord, CampaignScope
from sso_batch.campaign.reviewers import Reviewers
from sso_batch.campaign.waivers import render_waivers, waivers
from sso_batch.config import Campaign, Config, load
from sso_batch.model import GROUP, USER, Group, Principal, Snapshot
from sso_batch.review.finding import Finding
from sso_batch.review.rules import Rules
from tests.campaign.outcomes import OPEN, UNSURE, assignment, campaign, keep, membership, revoke
from tests.review.reviews import EVERYTHING, TODAY, organization, permission_set, review, rules
from tests.support.records import ADMIN, grant, membership_of, user

Decisions = Sequence[tuple[Item, Decided]]

READER = ADMIN.replace("ps-1", "ps-2") if "ps-1" in ADMIN else f"{ADMIN}-2"
MANAGEMENT, PROD = "000000000001", "111111111111"
UNTIL = "2999-01-31"
ANN, OPS = Principal(USER, "u-1"), Principal(GROUP, "g-1")


def waivers_yaml(record: CampaignRecord, decided: Decisions) -> str:
    """Return `waivers.yaml`."""
    return render_waivers(record, waivers(record, decided))


def loaded(text: str, folder: Path, environ: Mapping[str, str] | None = None) -> Config:
    """Load a configuration that has these waivers."""
    file = folder / "orgs.yaml"
    file.write_text("organizations: [{name: acme}]\n" + text, encoding="utf-8")
    return load(file, environ or {})


def listed(
    *decided: tuple[Item, Decided], scope: CampaignScope = "all", out_of_scope: int = 0
) -> list[object]:
    """Return the entries of `waivers.yaml`."""
    record = campaign(items=[item for item, _ in decided], scope=scope, out_of_scope=out_of_scope)
    return list(yaml.safe_load(waivers_yaml(record, decided))["review"]["waivers"])


def entry(check: str, *, reason: str = "needed", until: str = UNTIL, **names: str) -> dict[str, object]:
    """Return an entry of `waivers.yaml` for Ann."""
    account = {} if names.get("account") == "" else {"account": names.get("account", "333333333333")}
    return {
        "check": check,
        "organization": "acme",
        **account,
        "principal": "u-1",
        "reason": reason,
        "until": date.fromisoformat(until),
    }


def test_none() -> None:
    """Without a day, nothing is waived, and the list is an empty one."""
    items = [assignment(findings="high admin-access")]

    assert waivers_yaml(campaign(items=items), [(items[0], keep("needed"))]) == (
        "# Waivers from the access review of run 20261127-120000: findings on access that was kept until a "
        "day.\n# Add them to `review.waivers` in the configuration file.\nreview:\n  waivers: []\n"
    )


@pytest.mark.parametrize("decided", [Decided("revoke", "", UNTIL), Decided("unsure", "", UNTIL), OPEN])
def test_only_kept(decided: Decided) -> None:
    """Only what was kept is waived, whatever stands in the column Until."""
    assert listed((assignment(findings="high admin-access"), decided)) == []


def test_assignment() -> None:
    """A finding on an assignment is waived for its account and principal, until that day."""
    text = waivers_yaml(
        campaign(), [(assignment(findings="high admin-access; low direct-grant"), keep("needed", UNTIL))]
    )

    assert text.partition("review:\n")[2] == (
        "  waivers:\n"
        "    # admin-access on Ann in Prod (333333333333) in acme\n"
        "    - check: admin-access\n"
        '      organization: "acme"\n'
        '      account: "333333333333"\n'
        '      principal: "u-1"\n'
        '      reason: "needed"\n'
        "      until: 2999-01-31\n"
        "    # direct-grant on Ann in Prod (333333333333) in acme\n"
        "    - check: direct-grant\n"
        '      organization: "acme"\n'
        '      account: "333333333333"\n'
        '      principal: "u-1"\n'
        '      reason: "needed"\n'
        "      until: 2999-01-31\n"
    )


@pytest.mark.parametrize("other", [revoke(), UNSURE, OPEN, keep("no day")])
def test_other_permission_set(other: Decided) -> None:
    """A waiver would cover other permission sets too: there is none unless all are kept until a day."""
    admin = assignment(findings="high admin-access; low direct-grant")
    reader = assignment(id="ax2", findings="low direct-grant")

    assert listed((admin, keep("needed", UNTIL)), (reader, other)) == [entry("admin-access")]


def test_earliest_day() -> None:
    """One waiver covers both permission sets, until the first of the days, and has both comments."""
    items = [assignment(id=name, findings="low direct-grant") for name in ("ax1", "ax2", "ax3")]
    days = ("2027-03-01", "2027-02-01", "2027-04-01")
    comments = ("one", "two", "one")

    decided = [(item, keep(comment, day)) for item, comment, day in zip(items, comments, days, strict=True)]
    assert listed(*decided) == [entry("direct-grant", reason="one; two", until="2027-02-01")]


def test_other_account() -> None:
    """What is decided about another account, or another organization, makes no difference."""
    decided = [
        (assignment(findings="low direct-grant"), keep("needed", UNTIL)),
        (assignment(id="ax2", account_id="444444444444", findings="low direct-grant"), revoke()),
        (assignment(id="ax3", organization="globex", findings="low direct-grant"), revoke()),
    ]

    assert listed(*decided) == [entry("direct-grant")]


USER_FINDING = "low manager-missing (about the user)"


def test_user() -> None:
    """A finding about a user is waived in all accounts if all items of the user were kept."""
    decided = [
        (assignment(findings=USER_FINDING), keep("needed", UNTIL)),
        (membership(findings=USER_FINDING), keep("whatever")),
    ]

    assert listed(*decided) == [entry("manager-missing", account="")]


@pytest.mark.parametrize("other", [revoke(), UNSURE, OPEN])
def test_user_who_does_not_keep_everything(other: Decided) -> None:
    """A finding about a user counts as long as one of the user's items is not kept."""
    decided = [
        (assignment(findings=USER_FINDING), keep("needed", UNTIL)),
        (membership(findings=""), other),
    ]

    assert listed(*decided) == []


@pytest.mark.parametrize("other", [revoke(), OPEN])
def test_group_with_members(other: Decided) -> None:
    """A finding about a group counts as long as a membership of the group is not kept."""
    group = assignment(
        principal_type="GROUP", principal_id="g-1", findings="low unmanaged-membership (about the group)"
    )

    kept = (group, keep("needed", UNTIL))
    assert listed(kept, (membership(), keep())) == [
        entry("unmanaged-membership", account="") | {"principal": "g-1"}
    ]
    assert listed(kept, (membership(), other)) == []


def test_comments_on_the_others() -> None:
    """What is not waived is listed with the reason."""
    findings = (
        "medium long-session (about the permission set); medium single-administrator (about the account)"
    )
    kept = assignment(findings=f"high admin-access; {findings}", where="Prod\n- x")
    other = assignment(id="ax2", findings="high admin-access")

    covers = "the waiver would also cover"
    of_one = "the decision on one assignment is not about"
    found = waivers(campaign(), [(kept, keep("", UNTIL)), (other, revoke())])
    assert found.accepted == ()
    assert found.not_waived == (
        f"admin-access on Ann in Prod\n- x (333333333333) in acme: {covers} item ax2 (revoke)",
        f"long-session on the permission set Admin in acme: {of_one} the permission set",
        f"single-administrator on the account Prod\n- x (333333333333) in acme: {of_one} the account",
    )
    text = waivers_yaml(campaign(), [(kept, keep("", UNTIL)), (other, revoke())])
    assert "# - single-administrator on the account Prod[U+000A]- x (333333333333) in acme" in text


def test_many_comments() -> None:
    """At most 200 findings are listed; the others are counted."""
    items = [
        assignment(id=f"ax{n}", what=f"Set {n}", findings="medium long-session (about the permission set)")
        for n in range(250)
    ]

    text = waivers_yaml(campaign(), [(item, keep("", UNTIL)) for item in items])
    assert text.count("long-session") == 200
    assert "# - and 50 more\n" in text


def test_privileged_scope() -> None:
    """A campaign of privileged access waives nothing that can be on access that nobody reviewed."""
    findings = f"high admin-access; low direct-grant; {USER_FINDING}"
    decided = (assignment(findings=findings), keep("needed", UNTIL))

    assert listed(decided, scope="privileged", out_of_scope=5) == [entry("admin-access")]
    assert len(listed(decided, scope="privileged")) == 3
    assert len(listed(decided, scope="changed", out_of_scope=5)) == 3


def test_access_to_applications() -> None:
    """A finding on access to applications is not waived: no campaign reviews them."""
    finding = "medium application-disabled-user (about the user)"

    assert listed((assignment(findings=finding), keep("", UNTIL))) == []


@pytest.mark.parametrize("until", ["2027-02-30", "soon", "2027-1-1", "2027-01-31\n", "", "\u0662027-01-31"])
def test_not_a_day(until: str) -> None:
    """What is not a day waives nothing."""
    assert listed((assignment(findings="high admin-access"), keep("needed", until))) == []


@pytest.mark.parametrize("fields", [{"principal_id": "*"}, {"account_id": "1?"}, {"principal_id": "a\nb"}])
def test_names_that_are_patterns(fields: dict[str, str]) -> None:
    """An id that is a pattern would match something else."""
    assert listed((assignment(findings="high admin-access", **fields), keep("needed", UNTIL))) == []


def test_unknown_check() -> None:
    """A check that this version does not have would make the configuration invalid."""
    assert listed((assignment(findings="high another-check"), keep("needed", UNTIL))) == []


@pytest.mark.parametrize(
    ("comment", "reason"),
    [
        ("", "Kept in the access review of run 20261127-120000 by ciso@example.com"),
        (" \n ", "Kept in the access review of run 20261127-120000 by ciso@example.com"),
        ("one\ntwo", "one[U+000A]two"),
        ('\'; rm -rf ~ # "x": {y}', '\'; rm -rf ~ # "x": {y}'),
        ("- x: ${SECRET} $$ $", "- x: ${SECRET} $$ $"),
        ("x\u2028\x85\x00\ud800\ufeff", "x[U+2028][U+0085][U+0000][U+D800][U+FEFF]"),
        ("\U0001f642 é ß", "\U0001f642 é ß"),
        ("x" * 2000, "x" * 1023 + "…"),
        ("2027-01-31", "2027-01-31"),
        ("null", "null"),
        ("!!python/object:os.system x", "!!python/object:os.system x"),
        ("back\\", "back\\"),
    ],
)
def test_reason(comment: str, reason: str, tmp_path: Path) -> None:
    """The reason is the comment, on one line, and no variable of the configuration."""
    item = assignment(findings="high admin-access", account_id="089999999999")
    text = waivers_yaml(campaign(), [(item, keep(comment, UNTIL))])

    (waiver,) = loaded(text, tmp_path, {"SECRET": "hunter2"}).review.waivers
    assert (waiver.reason, waiver.account, waiver.until.isoformat()) == (reason, "089999999999", UNTIL)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    comment=st.text(),
    who=st.text(),
    where=st.text(),
    other=st.sampled_from([keep("x"), revoke(), OPEN]),
)
def test_any_text(comment: str, who: str, where: str, other: Decided, tmp_path: Path) -> None:
    """Whatever names and comments are, the configuration is valid."""
    findings = "high admin-access; medium long-session (about the permission set)"
    decided = [
        (assignment(findings=findings, who=who, where=where, what=where), keep(comment, UNTIL)),
        (assignment(id="ax2", findings=f"low direct-grant; {USER_FINDING}", who=who), other),
    ]

    config = loaded(waivers_yaml(campaign(run_id=who), decided), tmp_path)
    assert [waiver.check for waiver in config.review.waivers] == ["admin-access"]


def world() -> Snapshot:
    """Return an organization with findings on grants, users and groups."""
    return organization(
        users=(user(), user("u-2")),
        groups=(Group("g-1", "Ops"), Group("g-2", "Empty")),
        permission_sets=(
            permission_set(inline_policy=EVERYTHING, session_duration="PT12H"),
            permission_set(arn=READER, name="Reader"),
        ),
        grants=(
            grant(ANN, PROD),
            grant(ANN, PROD, READER),
            grant(ANN, MANAGEMENT),
            grant(OPS, PROD),
            grant(Principal(GROUP, "g-2"), PROD),
            grant(Principal(USER, "u-2"), PROD, READER),
        ),
        memberships=(membership_of("g-1", ["u-1", "u-2"]),),
        people=("manager",),
    )


def population(findings: Sequence[Finding]) -> Sequence[Item]:
    """Return the items of the world."""
    members = Population(Reviewers(Campaign(fallback=("ciso@example.com",))))
    members.add(world(), findings)
    return members.finish(())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_in_the_next_run(data: st.DataObject, tmp_path: Path) -> None:
    """In the next run, exactly the findings are waived that reviewers have accepted."""
    before = review(world(), by=rules()).findings
    items = population(before)
    decisions = [keep("fine", UNTIL), keep("fine", UNTIL), keep(), revoke(), OPEN]
    decided = [(item, data.draw(st.sampled_from(decisions), label=item.id)) for item in items]
    config = loaded(waivers_yaml(campaign(items=items), decided), tmp_path)
    compiled = Rules.from_config(config.review, today=TODAY).waivers

    after = review(world(), by=rules(waivers=compiled)).findings
    waived = {finding for finding in after if finding.waiver}
    assert {replace(finding, waiver=None) for finding in waived} == set(accepted(before, decided))


def accepted(findings: Sequence[Finding], decided: Decisions) -> Iterator[Finding]:
    """Yield the findings that reviewers have accepted."""
    for finding in findings:
        if finding.account_id and finding.principal_id:
            same = [other for other in findings if alike(other) == alike(finding)]
            about = [
                decision
                for other in same
                for item, decision in decided
                if item.kind == ASSIGNMENT
                and (other.principal_id, other.account_id, other.permission_set)
                == (item.principal_id, item.account_id, item.what)
            ]
            if all(decision.decision == "keep" and decision.until for decision in about):
                yield finding
        elif finding.principal_id:
            own = [each for each in decided if each[0].principal_id == finding.principal_id]
            members = [each for each in decided if each[0].group_id == finding.principal_id]
            kept = all(decision.decision == "keep" for _, decision in [*own, *members])
            if kept and any(decision.until for _, decision in own):
                yield finding


def alike(finding: Finding) -> tuple[str, ...]:
    """Return what a waiver cannot tell apart."""
    return (finding.check, finding.principal_id, finding.account_id)
