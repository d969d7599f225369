"""Access review campaigns from end to end: opened, decided, closed, carried out or not, and proved."""

import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from sso_batch.commands import run
from sso_batch.emulator import World, demo_world
from tests.support.audits import Audit
from tests.support.campaign_files import SETTINGS, Row, deciding, document, fill_in, read_rows
from tests.support.command import Command, CommandResult
from tests.support.moto_s3 import BUCKET, S3, URL
from tests.support.sample_worlds import denying


def _later(days: int) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


@dataclass(slots=True)
class Nights:
    """Audits of a changing world in one place, and a campaign on the first of them."""

    audit: Audit
    command: Command
    place: Path
    folder: Path
    config: Path
    monkeypatch: pytest.MonkeyPatch
    days: int = 0

    def run(self, run_id: str, world: World) -> None:
        """Audit the world, one day after the night before."""
        self.monkeypatch.setattr(run, "now", partial(_later, self.days))
        self.days += 1
        self.audit(world, "--run-id", run_id, folder=self.place, settings=SETTINGS + "collect: {}\n")

    def campaign(self, command: str, *options: object) -> CommandResult:
        """Run a command of a campaign."""
        return self.command("campaign", command, *options)

    def open(self, *options: object) -> list[Row]:
        """Open a campaign on the first night and return its population."""
        run = self.place / "night-1"
        ended = self.campaign("open", "-c", self.config, "--run", run, "-o", self.folder, *options)
        assert ended.code == 0, ended.stderr
        return read_rows(self.folder / "population.csv")

    def close(self, decisions: dict[str, str]) -> None:
        """Fill in the sheets and close the campaign."""
        fill_in(self.folder, deciding(decisions))
        ended = self.campaign("close", self.folder)
        assert ended.code == 0, ended.stderr

    def prove(self, run_id: str) -> tuple[int, dict[str, tuple[str, str]]]:
        """Return the exit code of a proof, and by item the result and its detail."""
        ended = self.campaign("prove", self.folder, "--run", self.place / run_id)
        path = self.folder / f"proof_{run_id}.csv"
        rows = read_rows(path) if path.exists() else []
        return ended.code, {row["Item"]: (row["Result"], row["Detail"]) for row in rows}


MANAGED = (
    "to be removed in the identity provider, which manages the group: "
    "https://scim.aws.com/3455d1d2-1aa4-5f48-9a59-21e0feaf00e6"
)
"""Why the membership of a group of Harbor Bank is still there."""

_FIRST_NIGHT: list[Path] = []
"""A copy of the first audit and its configuration, which is the same for all tests of a process."""


@pytest.fixture
def nights(
    audit: Audit,
    sso_batch: Command,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> Nights:
    place, folder, config = (tmp_path / name for name in ("reports", "campaign", "orgs.yaml"))
    nights = Nights(audit, sso_batch, place, folder, config, monkeypatch)
    if not _FIRST_NIGHT:
        nights.run("night-1", demo_world())
        kept = tmp_path_factory.mktemp("first-night")
        shutil.copytree(nights.place, kept / "reports")
        shutil.copy(nights.config, kept)
        _FIRST_NIGHT.append(kept)
    else:
        shutil.copytree(_FIRST_NIGHT[0] / "reports", nights.place)
        shutil.copy(_FIRST_NIGHT[0] / nights.config.name, nights.config)
        nights.days = 1
    return nights


def found(population: Iterable[Row], **values: str) -> Row:
    """Return the only item with these values."""
    (row,) = [row for row in population if all(row[name] == value for name, value in values.items())]
    return row


def without(world: World, *items: Row) -> World:
    """Return the world without what these items stand for."""
    gone = {(item["GroupId"] or item["AccountId"], item["PrincipalId"]) for item in items}
    sets = {item["PermissionSetArn"] for item in items}
    return replace(
        world,
        organizations=tuple(
            replace(
                organization,
                assignments=tuple(
                    each
                    for each in organization.assignments
                    if (each.account_id, each.principal_id) not in gone or each.permission_set_arn not in sets
                ),
                memberships=tuple(
                    each for each in organization.memberships if (each.group_id, each.user_id) not in gone
                ),
            )
            for organization in world.organizations
        ),
    )


@dataclass(frozen=True, slots=True)
class Chosen:
    """Four items of three organizations that are to be revoked."""

    orphan: Row
    member: Row
    oncall: Row
    analyst: Row

    @classmethod
    def of(cls, population: list[Row]) -> "Chosen":
        """Choose them from the population."""
        return cls(
            orphan=found(population, Organization="ostsee-logistik", PrincipalState="NOT_FOUND"),
            member=found(population, Who="Grace Hall (disabled)", Through="group auditors"),
            oncall=found(population, Who="platform/platform-oncall", Where="branches"),
            analyst=found(population, Who="Freya", Through="assigned directly"),
        )

    @property
    def decisions(self) -> dict[str, str]:
        """The decision on each of them."""
        return {item["Item"]: "revoke" for item in (self.orphan, self.member, self.oncall, self.analyst)}


def test_each_revocation_is_told_as_what_became_of_it(nights: Nights) -> None:
    """One is carried out, one is not, one comes back, and one leaves another path."""
    chosen = Chosen.of(nights.open())
    nights.close(chosen.decisions)
    nights.run("night-2", without(demo_world(), chosen.orphan, chosen.oncall, chosen.analyst))
    code, results = nights.prove("night-2")
    assert code == 3
    assert results == {
        chosen.orphan["Item"]: ("gone", ""),
        chosen.member["Item"]: ("still_there", MANAGED),
        chosen.oncall["Item"]: ("gone", ""),
        chosen.analyst["Item"]: (
            "reachable_otherwise",
            "Freya has Analyst in player-analytics (CAN_ESCALATE) through group data",
        ),
    }
    nights.run("night-3", without(demo_world(), chosen.orphan, chosen.analyst))
    code, results = nights.prove("night-3")
    assert code == 3
    assert results[chosen.oncall["Item"]] == ("came_back", "it was gone in run night-2")
    assert results[chosen.orphan["Item"]] == ("gone", "")


def test_what_came_back_is_found_in_the_runs_between(nights: Nights) -> None:
    """No earlier proof is needed: the runs of the same place tell that the access was gone."""
    chosen = Chosen.of(nights.open())
    nights.close(chosen.decisions)
    nights.run("night-2", without(demo_world(), chosen.oncall))
    nights.run("night-3", demo_world())
    code, results = nights.prove("night-3")
    assert code == 3
    assert results[chosen.oncall["Item"]] == ("came_back", "it was gone in run night-2")
    assert results[chosen.member["Item"]] == ("still_there", MANAGED)


def test_the_same_run_says_that_everything_is_still_there(nights: Nights) -> None:
    """Nothing can be gone in the run whose access was reviewed."""
    population = nights.open()
    nights.close({row["Item"]: "revoke" for row in population})
    code, results = nights.prove("night-1")
    assert code == 3
    assert {item: result for item, (result, _) in results.items()} == {
        row["Item"]: "still_there" for row in population
    }


def test_everything_is_proved_once_it_is_gone(nights: Nights) -> None:
    """The command ends with exit code 0."""
    population = nights.open()
    engineer = found(population, Who="Sam Rivers (disabled)", Through="group engineers")
    orphan = Chosen.of(population).orphan
    nights.close({engineer["Item"]: "revoke", orphan["Item"]: "revoke"})
    nights.run("night-2", without(demo_world(), engineer, orphan))
    code, results = nights.prove("night-2")
    assert {result for result, _ in results.values()} == {"gone"}
    assert code == 0


def test_an_incomplete_run_proves_nothing_about_that_organization(nights: Nights) -> None:
    """The items of the other organizations are proved."""
    chosen = Chosen.of(nights.open())
    nights.close({chosen.orphan["Item"]: "revoke", chosen.member["Item"]: "revoke"})
    changed = without(demo_world(), chosen.orphan, chosen.member)
    nights.run("night-2", denying(changed, "identitystore:ListGroupMemberships"))
    code, results = nights.prove("night-2")
    assert code == 4
    assert results == {
        chosen.orphan["Item"]: ("gone", ""),
        chosen.member["Item"]: ("not_read", "the organization is incomplete in this run"),
    }


def test_an_older_run_is_refused(nights: Nights) -> None:
    """It cannot show what was done since."""
    nights.run("night-2", demo_world())
    run = nights.place / "night-2"
    nights.campaign("open", "-c", nights.config, "--run", run, "-o", nights.folder)
    nights.close({})
    ended = nights.campaign("prove", nights.folder, "--run", nights.place / "night-1")
    assert ended.code == 2
    assert "is older than the reviewed run night-2" in ended.stderr


@pytest.mark.parametrize("command", ["close", "prove"])
def test_each_command_can_be_repeated(nights: Nights, command: str) -> None:
    """A second time changes no file and ends in the same way."""
    nights.open()
    nights.close({})
    commands: dict[str, Callable[[], int]] = {
        "close": lambda: nights.campaign("close", nights.folder).code,
        "prove": lambda: nights.prove("night-1")[0],
    }
    first = commands[command]()
    before = {path.name: path.read_bytes() for path in nights.folder.iterdir()}
    assert commands[command]() == first
    assert {path.name: path.read_bytes() for path in nights.folder.iterdir()} == before


def test_an_open_campaign_is_not_closed(nights: Nights) -> None:
    """Items without a decision, or with unsure, keep it open; a partial close says so."""
    population = nights.open()
    first, second, *_ = (row["Item"] for row in population)
    fill_in(nights.folder, deciding({first: "unsure", second: ""}))
    ended = nights.campaign("close", nights.folder)
    assert ended.code == 7
    assert f"2 of {len(population)} items are not decided" in ended.stderr
    assert not (nights.folder / "decisions.csv").exists()
    assert nights.campaign("close", nights.folder, "--partial").code == 0
    signoff = document(nights.folder, "signoff.json")
    assert signoff["partial"]
    assert (signoff["totals"]["unsure"], signoff["totals"]["open"]) == (1, 1)
    assert {item["id"] for item in signoff["open_items"]} == {first, second}
    proved = nights.campaign("prove", nights.folder, "--run", nights.place / "night-1")
    assert "The campaign was closed before 2 of its items had a decision" in proved.stdout


def test_revocations_are_the_decisions_to_revoke(nights: Nights) -> None:
    """Neither file has an item more or less, and each decision stands for its own item."""
    population = nights.open()
    chosen = Chosen.of(population)
    nights.close(chosen.decisions)
    decisions = {row["Item"]: row for row in read_rows(nights.folder / "decisions.csv")}
    assert decisions.keys() == {row["Item"] for row in population}
    revoked = {item for item, row in decisions.items() if row["Decision"] == "revoke"}
    assert revoked == chosen.decisions.keys()
    assert {row["Item"] for row in read_rows(nights.folder / "revocations.csv")} == revoked


def test_sheets_that_change_after_the_campaign_was_closed(nights: Nights) -> None:
    """The sign-off stays as it is: the command says so and changes nothing."""
    nights.open()
    nights.close({})
    before = (nights.folder / "signoff.json").read_bytes()
    fill_in(nights.folder, deciding({}, otherwise="revoke"))
    ended = nights.campaign("close", nights.folder)
    assert ended.code == 2
    assert "sheets have changed since: review_" in ended.stderr
    assert (nights.folder / "signoff.json").read_bytes() == before


def test_changed_decisions_are_not_proved(nights: Nights) -> None:
    """What was signed off must not change."""
    nights.open()
    nights.close({})
    path = nights.folder / "decisions.csv"
    path.write_bytes(path.read_bytes().replace(b",keep,", b",revoke,", 1))
    ended = nights.campaign("prove", nights.folder, "--run", nights.place / "night-1")
    assert ended.code == 2
    assert "decisions.csv is not as it was signed off" in ended.stderr


def test_a_second_campaign_asks_only_for_what_changed(nights: Nights, tmp_path: Path) -> None:
    """What was kept and is unchanged is not asked again; what is new or was not kept is."""
    population = nights.open()
    chosen = Chosen.of(population)
    added = found(population, Who="Tomáš Vinter", Where="ledger-prod")
    first = nights.folder
    nights.run("night-1b", without(demo_world(), added))
    run = nights.place / "night-1b"
    nights.folder = tmp_path / "first"
    assert nights.campaign("open", "-c", nights.config, "--run", run, "-o", nights.folder).code == 0
    nights.close({chosen.member["Item"]: "revoke"})
    earlier, nights.folder = nights.folder, tmp_path / "second"
    assert first != earlier
    nights.run("night-2", demo_world())
    ended = nights.campaign(
        *("open", "-c", nights.config, "--run", nights.place / "night-2", "-o", nights.folder),
        *("--scope", "changed", "--since", earlier),
    )
    assert ended.code == 0, ended.stderr
    rows = {
        row["Item"]: (row["Change"], row["ChangeDetail"])
        for row in read_rows(nights.folder / "population.csv")
    }
    assert rows[added["Item"]] == ("NEW", "")
    assert rows[chosen.member["Item"]] == ("UNCHANGED", "was to be revoked in the last campaign")
    unread = {item for item, (change, _) in rows.items() if change == "CHANGED"}
    assert rows.keys() - unread == {added["Item"], chosen.member["Item"]}


def test_access_that_may_be_as_much_is_not_proved(nights: Nights) -> None:
    """The policies of an IAM role are not read, so another path may allow as much as what is gone."""
    oncall = found(nights.open(), Who="platform/platform-oncall", Where="cards-prod")
    nights.close({oncall["Item"]: "revoke"})
    nights.run("night-2", without(demo_world(), oncall))
    code, results = nights.prove("night-2")
    assert code == 4
    result, detail = results[oncall["Item"]]
    assert result == "not_read"
    assert detail.startswith("it is gone, but other access may allow as much: ")
    assert "Amara Okafor has DatabaseOperator in cards-prod (not read: policies of the IAM role)" in detail


def test_a_campaign_in_s3(audit: Audit, sso_batch: Command, s3: S3, tmp_path: Path) -> None:
    """Run and campaign are in a bucket; the sheets are downloaded, filled in and uploaded again."""
    audit(demo_world(), "--output", URL, "--run-id", "night-1", settings=SETTINGS)
    run, folder = f"{URL}night-1", f"s3://{BUCKET}/reviews/q4"
    ended = sso_batch("campaign", "open", "-c", tmp_path / "orgs.yaml", "--run", run, "-o", folder)
    assert ended.code == 0, ended.stderr
    assert sso_batch("campaign", "status", folder).code == 7
    local = tmp_path / "sheets"
    local.mkdir()
    sheets = {key: content for key, content in s3.contents().items() if "/review_" in key}
    for key, content in sheets.items():
        (local / key.rpartition("/")[2]).write_bytes(content)
    fill_in(local, deciding({}, otherwise="revoke"))
    for key in sheets:
        s3.client.put_object(Bucket=BUCKET, Key=key, Body=(local / key.rpartition("/")[2]).read_bytes())
    assert sso_batch("campaign", "status", folder).code == 0
    assert sso_batch("campaign", "close", folder).code == 0
    before = s3.contents()
    assert sso_batch("campaign", "close", folder).code == 0
    assert s3.contents() == before
    assert sso_batch("campaign", "prove", folder, "--run", run).code == 3
    names = {key.removeprefix("reviews/q4/") for key in s3.contents() if key.startswith("reviews/q4/")}
    written = {"signoff.json", "signoff.html", "decisions.csv", "revocations.sh", "proof_night-1.json"}
    assert written <= names
