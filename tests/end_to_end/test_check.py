"""`sso-batch check` on the emulator: it names what is missing, asks little, and writes nothing."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from sso_batch.aws.token_bucket import TokenBucket
from sso_batch.emulator import Behaviour, Emulator, Fault, Limits, World, configuration, generate
from sso_batch.emulator.configuration import environment
from tests.end_to_end.command import Command, Ended
from tests.end_to_end.conftest import Audit
from tests.end_to_end.worlds import ODDITIES, denying, small

LARGE = ODDITIES | {"users": 430, "groups": 210, "permission_sets": 30, "accounts": 130, "pairs": 240}


@dataclass(frozen=True, slots=True)
class Checked:
    """A preflight that has ended, and what the emulator was asked."""

    ended: Ended
    calls: Counter[tuple[str, str]]

    @property
    def document(self) -> dict[str, Any]:
        """What it says to programs."""
        document: dict[str, Any] = json.loads(self.ended.stdout)
        return document

    def organization(self, name: str) -> dict[str, Any]:
        """What it says of one organization."""
        (found,) = [one for one in self.document["organizations"] if one["name"] == name]
        return dict(found)

    def verdicts(self, name: str, verdict: str) -> set[str]:
        """The actions of which it says so."""
        permissions = self.organization(name)["permissions"]
        return {one["action"] for one in permissions if one["verdict"] == verdict}

    def calls_of(self, name: str) -> int:
        """How many calls an organization was asked."""
        return sum(count for (organization, _), count in self.calls.items() if organization == name)


Check = Callable[..., Checked]


@pytest.fixture
def check(sso_batch: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    """Checks a world: `check(world, *options, settings=…, config=…, **emulator)`."""
    monkeypatch.setattr(TokenBucket, "take", lambda _bucket, _now: 0.0)

    def run(
        world: World,
        *options: object,
        settings: str = "",
        config: Callable[[str], str] = str,
        **emulator: Any,  # noqa: ANN401 - the emulator's
    ) -> Checked:
        file = tmp_path / "orgs.yaml"
        file.write_text(config(configuration(world, directory=str(tmp_path / "reports"))) + settings)
        with Emulator(world, **{"limits": Limits.off(), **emulator}) as aws:
            for name, value in aws.environment().items():
                monkeypatch.setenv(name, value)
            ended = sso_batch("check", "-c", file, *(options or ("--format", "json")))
            calls = Counter(aws.calls)
        assert sorted(path.name for path in tmp_path.iterdir() if path.name != "home") == ["orgs.yaml"]
        return Checked(ended, calls)

    return run


def test_two_denied_actions(check: Check) -> None:
    """Exactly the two actions that are denied are named, with what they were asked of; nothing is written."""
    denied = ("sso:ListAccountAssignments", "identitystore:ListGroupMemberships")

    checked = check(denying(small(), *denied))

    assert checked.ended.code == 4
    assert [one["status"] for one in checked.document["organizations"]] == ["incomplete", "ready"]
    assert checked.verdicts("org-0", "denied") == set(denied)
    assert checked.verdicts("org-1", "denied") == set()
    instance = checked.organization("org-0")["instance"]
    resources = {
        one["action"]: one["resource"] for one in checked.organization("org-0")["permissions"] if one["code"]
    }
    assert resources == {denied[0]: instance["arn"], denied[1]: instance["identity_store_id"]}
    assert max(checked.calls_of(name) for name in ("org-0", "org-1")) < 40


@pytest.mark.parametrize("sizes", [{}, LARGE, LARGE | {"entitlements": 30, "units": 30}], ids=str)
@pytest.mark.parametrize("strategy", ["complete", "fastest"])
def test_few_calls(check: Check, sizes: dict[str, Any], strategy: str) -> None:
    """However large an organization is, a preflight makes fewer than 40 calls."""
    world = generate(6, organizations=1, **sizes)

    checked = check(world, settings=f"\ncollect: {{strategy: {strategy}}}\n")

    assert (checked.ended.code, checked.organization("org-0")["status"]) == (0, "ready")
    assert checked.calls_of("org-0") < 40
    assert checked.organization("org-0")["calls"] == checked.calls_of("org-0")


def test_estimates(check: Check) -> None:
    """Where everything was counted the estimate is exact; where it was not, it says `at least`."""
    sizes: dict[str, Any] = {"users": 30, "groups": 4, "permission_sets": 3, "accounts": 8, "pairs": 24}
    little, much = generate(2, organizations=1, **sizes), generate(2, organizations=1, **LARGE)

    exact, projected = (check(world).organization("org-0")["estimates"] for world in (little, much))

    assert exact == {
        **sizes,
        "at_least": False,
        "complete_calls": 3 * 6 + 3 + 24,
        "complete_seconds": 1.2,
        "fastest_calls": 3 * 6 + 3 + 24,
        "fastest_seconds": 1.2,
    }
    assert projected["at_least"]
    assert projected["users"] == 300


def test_what_is_off_is_not_asked(check: Check) -> None:
    """A permission that a run with this configuration does not need is not looked at."""
    settings = "\ncollect: {permission_set_details: false, entitlements: false, account_paths: false}\n"

    checked = check(small(1), settings=settings)

    actions = {one["action"] for one in checked.organization("org-0")["permissions"]}
    assert {action.split(":")[0] for action in actions} == {"sts", "sso", "identitystore", "organizations"}
    assert "sso:GetInlinePolicyForPermissionSet" not in actions
    assert not {operation for _, operation in checked.calls} & {"ListRoots", "ListApplications"}


def test_without_listings(check: Check) -> None:
    """Where listings are denied, what they would have named is made up, and the others' verdicts stand."""
    denied = (
        "sso:ListPermissionSets",
        "identitystore:ListUsers",
        "identitystore:ListGroups",
        "organizations:ListAccounts",
        "organizations:DescribeOrganization",
    )

    checked = check(denying(small(1), *denied))

    assert checked.verdicts("org-0", "denied") == set(denied)
    unknown = checked.verdicts("org-0", "unknown")
    assert {action.split(":")[0] for action in unknown} <= {"account-access", "organizations"}
    assert checked.organization("org-0")["estimates"] is None
    assert checked.organization("org-0")["account_kind"] == "unknown"


def test_one_organizations_trouble(check: Check) -> None:
    """A role that refuses fails its own organization, with the hint that a run gives; exit 4."""
    world = small()
    first, second = world.roles
    locked = replace(world, roles=(replace(first, trusted=()), second))

    checked = check(locked)

    assert checked.ended.code == 4
    assert [one["status"] for one in checked.document["organizations"]] == ["failed", "ready"]
    failure = checked.organization("org-0")["failure"]
    assert (failure["operation"], failure["code"]) == ("AssumeRole", "AccessDenied")
    assert "trust policy" in failure["hint"]


def test_all_failed(check: Check) -> None:
    """Where every organization would fail the exit code is 5."""
    world = small()

    checked = check(replace(world, roles=tuple(replace(role, trusted=()) for role in world.roles)))

    assert checked.ended.code == 5


def test_the_same_instance_twice(check: Check) -> None:
    """Of two entries that reach one instance the later one would fail, and says why."""

    def twice(text: str) -> str:
        entry = text[text.index("  - name: org-0") :]
        return text + entry.replace("org-0", "again")

    checked = check(small(1), config=twice)

    assert checked.ended.code == 4
    assert checked.organization("again")["failure"]["code"] == "SameInstance"
    assert checked.organization("org-0")["failure"] is None


def test_principals_refused_to_a_delegated_administrator(check: Check) -> None:
    """Where AWS refuses the call by principal a run goes by pair: no reason to fail."""
    checked = check(
        small(1),
        settings="\ncollect: {strategy: fastest}\n",
        behaviour=Behaviour(principal_assignments="nobody"),
    )

    assert checked.verdicts("org-0", "denied") == {"sso:ListAccountAssignmentsForPrincipal"}
    assert (checked.ended.code, checked.organization("org-0")["status"]) == (0, "ready")


def test_unknown(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that gives no answer is neither allowed nor denied, and the run may be incomplete."""
    monkeypatch.setattr("sso_batch.commands.check._TIME_LIMIT", 2.0)

    checked = check(small(1), faults=[Fault("unavailable", operation="ListUsers")])

    assert checked.verdicts("org-0", "unknown") >= {"identitystore:ListUsers"}
    assert checked.verdicts("org-0", "denied") == set()
    assert (checked.ended.code, checked.organization("org-0")["status"]) == (4, "incomplete")


def test_external_id(check: Check) -> None:
    """A role that is assumed without an external id is warned of."""
    world = small()
    first, second = world.roles

    checked = check(replace(world, roles=(replace(first, external_id="marker-secret"), second)))

    assert checked.organization("org-0")["warnings"] == []
    (warning,) = checked.organization("org-1")["warnings"]
    assert warning.startswith("the role is assumed without an external id")
    assert "marker-secret" not in checked.ended.stdout + checked.ended.stderr


def test_table(check: Check) -> None:
    """People get a table, and in words what is missing."""
    checked = check(denying(small(), "sso:ListAccountAssignments"), "--format", "table")

    text = " ".join(checked.ended.stdout.split())
    instance = "arn:aws:sso:::instance/"
    assert "org-0 incomplete" in text
    assert "org-1 ready" in text
    assert f"org-0: sso:ListAccountAssignments on {instance}" in text
    assert "org-0, org-1: the role is assumed without an external id" in text
    assert "endpoint override: http://127.0.0.1" in text


EVERYTHING = "\ncollect: {strategy: complete}\n"
SPARED = (
    "sso:ListPermissionSetsProvisionedToAccount",
    "organizations:ListAccountsForParent",
    "organizations:DescribeOrganizationalUnit",
)
NEEDED = (
    "sso:ListAccountsForProvisionedPermissionSet",
    "organizations:ListOrganizationalUnitsForParent",
    "organizations:ListRoots",
    "sso:DescribePermissionSet",
)


@pytest.mark.parametrize("action", [*SPARED, *NEEDED])
def test_as_strict_as_a_run(check: Check, audit: Audit, action: str) -> None:
    """Where a run is complete without an action, so is its check, which says what is done instead."""
    world = denying(generate(6, organizations=1, **ODDITIES), action)

    checked = check(world)
    ran = audit(world, settings=EVERYTHING)

    assert checked.ended.code == ran.ended.code == (0 if action in SPARED else 4)
    permissions = checked.organization("org-0")["permissions"]
    (permission,) = [permission for permission in permissions if permission["action"] == action]
    assert permission["verdict"] == "denied"
    assert bool(permission["instead"]) == (action in SPARED)


@pytest.mark.parametrize("omitted", [set(), {"Paths"}], ids=["paths", "no paths"])
def test_paths_that_aws_leaves_out(check: Check, audit: Audit, omitted: set[str]) -> None:
    """Where AWS does not say where an account is, a run walks the tree and needs the call for that."""
    world = denying(generate(6, organizations=1, **ODDITIES), "organizations:ListAccountsForParent")
    behaviour = Behaviour(omitted_account_members=frozenset(omitted))  # type: ignore[arg-type] # a literal

    checked = check(world, behaviour=behaviour)
    ran = audit(world, behaviour=behaviour, settings=EVERYTHING)

    assert checked.ended.code == ran.ended.code == (4 if omitted else 0)


NOBODY = "http://127.0.0.1:1/marker-in-the-path/"


def test_where_nobody_answers(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused connection ends a check after three attempts, as itself and not as a time limit."""
    world = small(1)
    monkeypatch.setattr(Emulator, "environment", lambda _: environment(world, NOBODY))

    checked = check(world)

    failure = checked.organization("org-0")["failure"]
    assert (checked.ended.code, failure["code"]) == (5, "EndpointConnectionError")
    assert failure["message"].startswith('Could not connect to the endpoint URL: "http://127.0.0.1:1" ')
    assert "(STS was asked in eu-west-1, us-east-1) (3 attempts in " in failure["message"]
    assert "no endpoint answers there" in failure["hint"]
    assert "marker-in-the-path" not in checked.ended.stdout + checked.ended.stderr


def test_a_limit_of_its_own(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time limit of a check names itself, and not the run's deadline."""
    monkeypatch.setattr("sso_batch.commands.check._TIME_LIMIT", 1.0)

    checked = check(small(1), faults=[Fault("unavailable", operation="GetCallerIdentity")])

    failure = checked.organization("org-0")["failure"]
    assert failure["code"] == "DeadlineExceeded"
    assert "the 1 s that `sso-batch check` allows" in failure["message"]
    assert "the last attempt failed with GetCallerIdentity: " in failure["message"]
    assert "increase run.deadline" not in failure["hint"]


def test_a_bundle_that_is_not_there(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong AWS_CA_BUNDLE is named before any call."""
    monkeypatch.setenv("AWS_CA_BUNDLE", "/nonexistent/ca.pem")

    checked = check(small(1))

    failure = checked.organization("org-0")["failure"]
    assert failure["message"] == (
        "cannot use the CA bundle '/nonexistent/ca.pem' (AWS_CA_BUNDLE): No such file or directory"
    )
    assert checked.calls == Counter()


def test_unwritable_output(check: Check, tmp_path: Path) -> None:
    """An output folder that could not be made is found before the first call."""
    (tmp_path / "home").mkdir(exist_ok=True)
    (tmp_path / "home" / "file").write_bytes(b"")

    checked = check(small(1), "-o", tmp_path / "home" / "file" / "reports")

    assert (checked.ended.code, checked.calls) == (2, Counter())
    assert "cannot write to the output folder" in checked.ended.stderr
