"""`sso-batch check` on the emulator: it names missing permissions, makes few calls, and writes nothing."""

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from sso_batch.aws.rate_limiter import TokenBucket
from sso_batch.emulator import Behaviour, Emulator, Fault, Limits, World, configuration, generate
from sso_batch.emulator.configuration import environment
from sso_batch.emulator.world.builder import OrganizationBuilder
from sso_batch.emulator.world.events import History
from tests.support.activity import HOUR, NOW, Clock, acme, world_of
from tests.support.audits import Audit
from tests.support.command import Command, CommandResult, set_environment
from tests.support.expected_reports import FASTEST
from tests.support.sample_worlds import ODDITIES, denying, locked, small

LARGE = ODDITIES | {"users": 430, "groups": 210, "permission_sets": 30, "accounts": 130, "pairs": 240}


@dataclass(frozen=True, slots=True)
class Preflight:
    """The result of a preflight, and the calls that it made."""

    ended: CommandResult
    calls: Counter[tuple[str, str]]

    @property
    def document(self) -> dict[str, Any]:
        """The output of `--format json`."""
        document: dict[str, Any] = json.loads(self.ended.stdout)
        return document

    @property
    def statuses(self) -> list[str]:
        """The status of each organization."""
        return [entry["status"] for entry in self.document["organizations"]]

    def organization(self, name: str) -> dict[str, Any]:
        """Return the result for one organization."""
        (found,) = [entry for entry in self.document["organizations"] if entry["name"] == name]
        return dict(found)

    def verdicts(self, name: str, verdict: str) -> set[str]:
        """Return the IAM actions with this verdict."""
        permissions = self.organization(name)["permissions"]
        return {entry["action"] for entry in permissions if entry["verdict"] == verdict}

    def calls_of(self, name: str) -> int:
        """Return the number of calls to an organization."""
        return sum(count for (organization, _), count in self.calls.items() if organization == name)


Check = Callable[..., Preflight]


@pytest.fixture
def check(sso_batch: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    """Return `check(world, *options, settings=…, config=…, **emulator)`; assert that it writes no file."""
    monkeypatch.setattr(TokenBucket, "take", lambda *_: 0.0)

    def run(
        world: World,
        *options: object,
        settings: str = "",
        config: Callable[[str], str] = str,
        **emulator: Any,  # noqa: ANN401 - the emulator's
    ) -> Preflight:
        file = tmp_path / "orgs.yaml"
        file.write_text(config(configuration(world, directory=str(tmp_path / "reports"))) + settings)
        with Emulator(world, **{"limits": Limits.off(), **emulator}) as aws:
            set_environment(monkeypatch, aws.environment())
            ended = sso_batch("check", "-c", file, *(options or ("--format", "json")))
            calls = Counter(aws.calls)
        assert sorted(path.name for path in tmp_path.iterdir() if path.name != "home") == ["orgs.yaml"]
        return Preflight(ended, calls)

    return run


def test_two_denied_actions(check: Check) -> None:
    """Exactly the two denied actions are named, each with the resource that was tried."""
    denied = ("sso:ListAccountAssignments", "identitystore:ListGroupMemberships")

    preflight = check(denying(small(), *denied))

    assert preflight.ended.code == 4
    assert preflight.statuses == ["incomplete", "ready"]
    assert preflight.verdicts("org-0", "denied") == set(denied)
    assert preflight.verdicts("org-1", "denied") == set()
    instance = preflight.organization("org-0")["instance"]
    resources = {
        permission["action"]: permission["resource"]
        for permission in preflight.organization("org-0")["permissions"]
        if permission["code"]
    }
    assert resources == {denied[0]: instance["arn"], denied[1]: instance["identity_store_id"]}
    assert max(preflight.calls_of(name) for name in ("org-0", "org-1")) < 40
    services = [
        override.partition("=")[0] for override in preflight.organization("org-0")["endpoint_overrides"]
    ]
    assert {"sts", "sso-admin", "identitystore"} <= set(services)


@pytest.mark.parametrize("sizes", [{}, LARGE, LARGE | {"entitlements": 30, "units": 30}], ids=str)
@pytest.mark.parametrize("strategy", ["complete", "fastest"])
def test_a_preflight_makes_few_calls(check: Check, sizes: dict[str, Any], strategy: str) -> None:
    """A preflight makes fewer than 40 calls, however large the organization is."""
    world = generate(6, organizations=1, **sizes)

    preflight = check(world, settings=f"\ncollect: {{strategy: {strategy}}}\n")

    assert (preflight.ended.code, preflight.organization("org-0")["status"]) == (0, "ready")
    assert preflight.calls_of("org-0") < 40
    assert preflight.organization("org-0")["calls"] == preflight.calls_of("org-0")


def test_estimates(check: Check) -> None:
    """The estimate is exact if everything could be counted, and else is marked as a lower bound."""
    sizes: dict[str, Any] = {"users": 30, "groups": 4, "permission_sets": 3, "accounts": 8, "pairs": 24}
    small_world, large_world = generate(2, organizations=1, **sizes), generate(2, organizations=1, **LARGE)

    exact, projected = (
        check(world).organization("org-0")["estimates"] for world in (small_world, large_world)
    )

    assert exact == {
        **sizes,
        "applications": 0,
        "at_least": False,
        "complete_calls": 3 * 6 + 3 + 24,
        "complete_seconds": 1.2,
        "fastest_calls": 3 * 6 + 3 + 24,
        "fastest_seconds": 1.2,
        "fastest_most_calls": 3 * 6 + 3 + 24,
        "fastest_most_seconds": 1.2,
        "activity_calls": 0,
        "activity_seconds": 0.0,
    }
    assert projected["at_least"]
    assert projected["users"] == 300


@pytest.mark.parametrize("group_rows", [True, False])
def test_the_estimate_of_fastest(check: Check, audit: Audit, *, group_rows: bool) -> None:
    """If users are fewer than pairs, `fastest` takes a call for each, and at most one for each group."""
    sizes: dict[str, Any] = {"users": 8, "groups": 3, "permission_sets": 6, "accounts": 40, "pairs": 90}
    world = generate(5, organizations=1, **sizes)
    behaviour = Behaviour(group_rows=group_rows)

    estimates = check(world, settings=FASTEST).organization("org-0")["estimates"]
    calls = audit(world, settings=FASTEST, behaviour=behaviour).calls

    assert (estimates["fastest_calls"], estimates["fastest_most_calls"]) == (6 + 8, 6 + 8 + 3)
    asked = ("DescribePermissionSet", "ListAccountAssignmentsForPrincipal")
    made = sum(calls["org-0", operation] for operation in asked)
    assert made == estimates["fastest_calls" if group_rows else "fastest_most_calls"]


def test_the_estimate_of_activity(check: Check) -> None:
    """It is projected from the latest sign-ins, and has the rate of CloudTrail."""

    def record(history: History, _: OrganizationBuilder) -> None:
        for hours in range(100):
            history.signed_in(NOW - hours * HOUR, "ada")

    busy, quiet = (
        check(world_of(acme(fill)), settings=EVERYTHING, clock=Clock()).organization("acme")["estimates"]
        for fill in (record, None)
    )

    pages = -(-90 * 24 // 49)  # 50 events in 49 hours
    assert (busy["activity_calls"], busy["activity_seconds"]) == (6 + pages, (6 + pages - 2) / 2)
    assert (quiet["activity_calls"], quiet["activity_seconds"]) == (7, 2.5)


APPLICATIONS = "\ncollect: {applications: true}\n"
OF_APPLICATIONS = (
    "sso:ListApplications",
    "sso:ListApplicationAssignments",
    "sso:GetApplicationAssignmentConfiguration",
)


def test_estimates_with_applications(check: Check) -> None:
    """A listing and two calls for each application are part of both estimates."""
    sizes: dict[str, Any] = {"users": 30, "groups": 4, "permission_sets": 3, "accounts": 8, "pairs": 24}
    world = generate(2, organizations=1, **sizes, applications=60)

    without, exact = (
        check(world, settings=settings).organization("org-0")["estimates"] for settings in ("", APPLICATIONS)
    )

    assert (without["applications"], exact["applications"]) == (0, 60)
    assert exact["complete_calls"] - without["complete_calls"] == 1 + 2 * 60
    assert exact["fastest_calls"] - without["fastest_calls"] == 1 + 2 * 60
    assert not exact["at_least"]


def test_an_estimate_of_many_applications_is_a_lower_bound(check: Check) -> None:
    """A preflight reads two pages of applications."""
    world = generate(2, organizations=1, applications=120)

    preflight = check(world, settings=APPLICATIONS)

    estimates = preflight.organization("org-0")["estimates"]
    assert (estimates["applications"], estimates["at_least"]) == (100, True)
    assert preflight.calls_of("org-0") < 40


@pytest.mark.parametrize("applications", [0, 3])
@pytest.mark.parametrize("action", OF_APPLICATIONS)
def test_denied_applications(check: Check, action: str, applications: int) -> None:
    """Each action about applications is tried, whether there are any or not."""
    world = generate(6, organizations=1, applications=applications)
    allowed = check(world, settings=APPLICATIONS)

    preflight = check(denying(world, action), settings=APPLICATIONS)

    assert allowed.ended.code == 0
    assert allowed.verdicts("org-0", "allowed") >= set(OF_APPLICATIONS)
    assert preflight.verdicts("org-0", "denied") == {action}
    (denied,) = [entry for entry in preflight.organization("org-0")["permissions"] if entry["code"]]
    assert action in denied["hint"]
    assert ":application/" in denied["resource"] or denied["action"] == "sso:ListApplications"


def test_applications_are_not_tried_by_default(check: Check) -> None:
    """Without `collect.applications` no permission about applications is tried."""
    preflight = check(generate(6, organizations=1, applications=3))

    actions = {permission["action"] for permission in preflight.organization("org-0")["permissions"]}
    assert not actions & set(OF_APPLICATIONS)
    assert preflight.calls["org-0", "sso:ListApplications"] == 0


def test_permissions_that_the_configuration_does_not_need_are_not_tried(check: Check) -> None:
    """A permission that a run with this configuration does not need is not tried."""
    settings = "\ncollect: {permission_set_details: false, entitlements: false, account_paths: false}\n"

    preflight = check(small(1), settings=settings)

    actions = {permission["action"] for permission in preflight.organization("org-0")["permissions"]}
    assert {action.split(":")[0] for action in actions} == {"sts", "sso", "identitystore", "organizations"}
    assert "sso:GetInlinePolicyForPermissionSet" not in actions
    assert not {operation for _, operation in preflight.calls} & {
        "ListRoots",
        "ListApplications",
        "ListDelegatedAdministrators",
    }


def test_policies_that_do_not_exist(check: Check) -> None:
    """A policy or version that AWS does not find means that the call is allowed."""
    preflight = check(replace(small(1), managed_policies={"ReadOnlyAccess": None}))

    assert preflight.ended.code == 0
    assert preflight.verdicts("org-0", "allowed") >= {"iam:GetPolicy", "iam:GetPolicyVersion"}


def test_denied_policies(check: Check) -> None:
    """A denied call about AWS managed policies names the policy that was tried, and what a run lacks."""
    preflight = check(denying(small(1), "iam:GetPolicyVersion"))

    (denied,) = [entry for entry in preflight.organization("org-0")["permissions"] if entry["code"]]
    assert (denied["action"], denied["verdict"]) == ("iam:GetPolicyVersion", "denied")
    assert denied["resource"] == "arn:aws:iam::aws:policy/ReadOnlyAccess"
    assert "Privilege is NOT_READ" in denied["hint"]


def test_denied_listings(check: Check) -> None:
    """Without listings, permissions are tried on made-up resources, and the other verdicts are unaffected."""
    denied = (
        "sso:ListPermissionSets",
        "identitystore:ListUsers",
        "identitystore:ListGroups",
        "organizations:ListAccounts",
        "organizations:DescribeOrganization",
    )

    preflight = check(denying(small(1), *denied))

    assert preflight.verdicts("org-0", "denied") == set(denied)
    unknown = preflight.verdicts("org-0", "unknown")
    assert {action.split(":")[0] for action in unknown} <= {"account-access", "organizations"}
    assert preflight.organization("org-0")["estimates"] is None
    assert preflight.organization("org-0")["account_kind"] == "unknown"


def test_a_role_that_cannot_be_assumed(check: Check) -> None:
    """A role that cannot be assumed fails only its own organization, with a run's hint and exit code 4."""
    preflight = check(locked(small(), "org-0"))

    assert preflight.ended.code == 4
    assert preflight.statuses == ["failed", "ready"]
    failure = preflight.organization("org-0")["failure"]
    assert (failure["operation"], failure["code"]) == ("AssumeRole", "AccessDenied")
    assert "trust policy" in failure["hint"]


def test_every_organization_fails(check: Check) -> None:
    """The exit code is 5 if every organization fails."""
    preflight = check(locked(small(), "org-0", "org-1"))

    assert preflight.ended.code == 5


def test_the_same_instance_twice(check: Check) -> None:
    """The later of two entries that reach the same instance fails."""

    def twice(text: str) -> str:
        entry = text[text.index("  - name: org-0") :]
        return text + entry.replace("org-0", "again")

    preflight = check(small(1), config=twice)

    assert preflight.ended.code == 4
    assert preflight.organization("again")["failure"]["code"] == "SameInstance"
    assert preflight.organization("org-0")["failure"] is None


def test_a_delegated_administrator_may_not_list_by_principal(check: Check) -> None:
    """If AWS refuses the call by principal, a run lists by pair, so that the organization is still ready."""
    preflight = check(
        small(1),
        settings="\ncollect: {strategy: fastest}\n",
        behaviour=Behaviour(principal_assignments="nobody"),
    )

    assert preflight.verdicts("org-0", "denied") == {"sso:ListAccountAssignmentsForPrincipal"}
    assert (preflight.ended.code, preflight.organization("org-0")["status"]) == (0, "ready")


def test_a_call_without_an_answer(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    """A permission whose call gets no answer is `unknown`, and the organization is incomplete."""
    monkeypatch.setattr("sso_batch.preflight.run._TIME_LIMIT", 2.0)

    preflight = check(small(1), faults=[Fault("unavailable", operation="ListUsers")])

    assert preflight.verdicts("org-0", "unknown") >= {"identitystore:ListUsers"}
    assert preflight.verdicts("org-0", "denied") == set()
    assert (preflight.ended.code, preflight.organization("org-0")["status"]) == (4, "incomplete")


def test_a_role_without_an_external_id(check: Check) -> None:
    """A role that is assumed without an external id causes a warning, and no external id is shown."""
    world = small()
    first, second = world.roles

    preflight = check(replace(world, roles=(replace(first, external_id="marker-secret"), second)))

    assert preflight.organization("org-0")["warnings"] == []
    (warning,) = preflight.organization("org-1")["warnings"]
    assert "without an external id" in warning
    assert "marker-secret" not in preflight.ended.stdout + preflight.ended.stderr


def test_table(check: Check) -> None:
    """The table shows each status, the missing permissions, warnings and endpoint overrides."""
    preflight = check(denying(small(), "sso:ListAccountAssignments"), "--format", "table")

    text = " ".join(preflight.ended.stdout.split())
    instance = "arn:aws:sso:::instance/"
    assert "org-0 incomplete" in text
    assert "org-1 ready" in text
    assert f"org-0: sso:ListAccountAssignments on {instance}" in text
    assert re.search("all organizations: [^:]* without an external id", text)
    assert "endpoint override: http://127.0.0.1" in text


EVERYTHING = "\ncollect: {strategy: complete, activity: true}\n"
"""Reads what the defaults read, and activity."""

REPLACEABLE = (
    "sso:ListPermissionSetsProvisionedToAccount",
    "organizations:ListAccountsForParent",
    "organizations:DescribeOrganizationalUnit",
)
NEEDED = (
    "sso:ListAccountsForProvisionedPermissionSet",
    "organizations:ListOrganizationalUnitsForParent",
    "organizations:ListRoots",
    "sso:DescribePermissionSet",
    "iam:GetPolicy",
    "iam:GetPolicyVersion",
    "organizations:ListDelegatedAdministrators",
    "cloudtrail:LookupEvents",
)


@pytest.mark.parametrize("action", [*REPLACEABLE, *NEEDED])
def test_a_check_is_as_strict_as_a_run(check: Check, audit: Audit, action: str) -> None:
    """A check fails without an action if and only if a run is incomplete without it."""
    world = denying(generate(6, organizations=1, **ODDITIES), action)

    preflight = check(world, settings=EVERYTHING)
    reports = audit(world, settings=EVERYTHING)

    assert preflight.ended.code == reports.ended.code == (0 if action in REPLACEABLE else 4)
    permissions = preflight.organization("org-0")["permissions"]
    (permission,) = [permission for permission in permissions if permission["action"] == action]
    assert permission["verdict"] == "denied"
    assert bool(permission["instead"]) == (action in REPLACEABLE)


@pytest.mark.parametrize("omitted", [set(), {"Paths"}], ids=["paths", "no paths"])
def test_account_paths_that_aws_omits(check: Check, audit: Audit, omitted: set[str]) -> None:
    """If AWS omits account paths, a run walks the tree of units and needs ListAccountsForParent."""
    world = denying(generate(6, organizations=1, **ODDITIES), "organizations:ListAccountsForParent")
    behaviour = Behaviour(omitted_account_members=frozenset(omitted))  # type: ignore[arg-type] # a literal

    preflight = check(world, behaviour=behaviour)
    reports = audit(world, behaviour=behaviour, settings=EVERYTHING)

    assert preflight.ended.code == reports.ended.code == (4 if omitted else 0)


UNUSED_PORT = "http://127.0.0.1:1/marker-in-the-path/"


def test_connection_refused(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused connection fails after three attempts, as such and not as a time limit."""
    world = small(1)
    monkeypatch.setattr(Emulator, "environment", lambda _: environment(world, UNUSED_PORT))

    preflight = check(world)

    failure = preflight.organization("org-0")["failure"]
    assert (preflight.ended.code, failure["code"]) == (5, "EndpointConnectionError")
    assert '"http://127.0.0.1:1" ' in failure["message"]
    assert "(3 attempts" in failure["message"]
    assert failure["hint"]
    assert "marker-in-the-path" not in preflight.ended.stdout + preflight.ended.stderr


def test_the_time_limit_of_a_check(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the time limit of the check and the last error, not the run's deadline."""
    monkeypatch.setattr("sso_batch.preflight.run._TIME_LIMIT", 1.0)

    preflight = check(small(1), faults=[Fault("unavailable", operation="GetCallerIdentity")])

    failure = preflight.organization("org-0")["failure"]
    assert failure["code"] == "DeadlineExceeded"
    assert "1 s" in failure["message"]
    assert "sso-batch check" in failure["message"]
    assert "GetCallerIdentity: " in failure["message"]
    assert "run.deadline" not in failure["message"]


def test_a_missing_ca_bundle(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing CA bundle is reported with its path and variable before any call."""
    monkeypatch.setenv("AWS_CA_BUNDLE", "/nonexistent/ca.pem")

    preflight = check(small(1))

    failure = preflight.organization("org-0")["failure"]
    for part in ("/nonexistent/ca.pem", "AWS_CA_BUNDLE", "No such file or directory"):
        assert part in failure["message"]
    assert preflight.calls == Counter()


def test_an_output_folder_that_cannot_be_created(check: Check, tmp_path: Path) -> None:
    """An output folder that cannot be created is reported before the first call."""
    (tmp_path / "home").mkdir(exist_ok=True)
    (tmp_path / "home" / "file").write_bytes(b"")

    preflight = check(small(1), "-o", tmp_path / "home" / "file" / "reports")

    assert (preflight.ended.code, preflight.calls) == (2, Counter())
    assert str(tmp_path / "home" / "file" / "reports") in preflight.ended.stderr
