"""Several processes each run one shard, and a merge writes the files of a single run."""

import json
import signal

import pytest

from sso_batch.emulator import Emulator, Fault, World
from tests.support.command import Command
from tests.support.expected_reports import assert_exact
from tests.support.nightly import RUN_ID, Nightly, asked, resumed
from tests.support.sample_worlds import small

NAMES = ("org-0", "org-1", "org-2", "org-3")
PARTS = ({"org-0", "org-3"}, {"org-1"}, {"org-2"})
MANIFEST = "manifest.shard-{}.json"


@pytest.fixture
def world() -> World:
    return small(4)


def run_shards_except(nightly: Nightly, *missing: int) -> None:
    """Run every shard except these."""
    for index in range(len(PARTS)):
        if index not in missing:
            assert nightly.run("--shard", f"{index}/3").ended.code == 0


# Failures


def test_a_shard_is_missing(nightly: Nightly, world: World) -> None:
    """The organizations of a missing shard are failed with a hint, and the others are merged."""
    run_shards_except(nightly, 1)

    reports = nightly.merge()

    assert reports.ended.code == 4
    assert not reports.calls
    assert reports.statuses == dict.fromkeys(NAMES, "complete") | {"org-1": "failed"}
    gap = reports.gap("org-1")
    assert (gap["operation"], gap["resource"], gap["code"]) == ("merge", "org-1", "ShardMissing")
    assert "1/3" in gap["message"]
    assert "--shard 1/3 --resume" in gap["hint"]
    assert [row["Organization"] for row in reports.rows()].count("org-1") == 0
    assert_exact(reports, world, "org-0", "org-2", "org-3")
    assert "_INCOMPLETE.csv" in reports.manifest["files"][0]["name"]


def test_a_missing_shard_is_run_after_the_merge(nightly: Nightly, world: World) -> None:
    """A second merge replaces the files of the first one, and no incomplete file is left."""
    run_shards_except(nightly, 1)
    nightly.merge()
    run_shards_except(nightly, 0, 2)

    reports = nightly.merge()

    assert reports.ended.code == 0
    assert reports.content() == nightly.merged()
    assert_exact(reports, world, *NAMES)
    shards = {MANIFEST.format(index) for index in range(3)}
    assert reports.names == reports.file_names(*NAMES) | shards


def test_a_killed_shard_is_resumed(nightly: Nightly) -> None:
    """A killed shard that is resumed audits only what is missing."""
    run_shards_except(nightly, 0)
    nightly.killed("after", "*/org-0/*.jsonl", "--shard", "0/3")

    shard = nightly.run("--shard", "0/3", "--resume")
    reports = nightly.merge()

    assert (shard.ended.code, asked(shard)) == (0, {"org-3"})
    assert resumed(reports) == {"org-0": True, "org-1": False, "org-2": False, "org-3": False}
    assert (reports.ended.code, reports.content()) == (0, nightly.merged())


def test_a_killed_shard_is_merged(nightly: Nightly, world: World) -> None:
    """A merge uses what a killed shard finished; an organization without a snapshot is failed."""
    run_shards_except(nightly, 0)
    nightly.killed("after", "*_org-3_*.csv", "--shard", "0/3")

    reports = nightly.merge()

    assert reports.ended.code == 4
    assert reports.statuses == dict.fromkeys(NAMES, "complete") | {"org-3": "failed"}
    assert_exact(reports, world, "org-0", "org-1", "org-2")


def test_an_incomplete_shard(nightly: Nightly, emulator: Emulator) -> None:
    """An incomplete organization of a shard is incomplete in the merge, with the same gaps and rows."""
    emulator.faults.append(Fault("access_denied", operation="ListGroupMemberships", organization="org-2"))
    shard = nightly.run("--shard", "2/3")
    run_shards_except(nightly, 2)

    reports = nightly.merge()

    assert (shard.ended.code, reports.ended.code) == (4, 4)
    (reported,) = nightly.document(MANIFEST.format(2))["organizations"]
    merged = reports.organization("org-2")
    of_review = {"counts": reported["counts"], "not_examined": reported["not_examined"]}
    assert merged | of_review == reported
    assert merged["counts"] | {"findings": None} == reported["counts"]
    assert set(merged["not_examined"]) >= set(reported["not_examined"])
    assert reports.statuses["org-2"] == "incomplete"
    assert "org-2" in {row["Organization"] for row in reports.rows()}
    reports.assert_sums()


@pytest.mark.parametrize("damage", ["removed", "changed"])
def test_files_of_a_shard_that_changed(nightly: Nightly, damage: str) -> None:
    """A merge restores a CSV from its snapshot; without the snapshot the organization fails."""
    run_shards_except(nightly)
    (records,) = nightly.folder.glob("organizations/org-1/*.jsonl")
    (rows,) = nightly.folder.glob("organizations/org-2/*.csv")
    if damage == "removed":
        records.unlink()
        rows.unlink()
    else:
        records.write_text(records.read_text()[:-5])
        rows.write_bytes(rows.read_bytes().replace(b"OK", b"KO"))

    reports = nightly.merge()

    assert reports.ended.code == 4
    assert reports.statuses == dict.fromkeys(NAMES, "complete") | {"org-1": "failed"}
    assert reports.gap("org-1")["code"] == "FilesChanged"
    reports.assert_sums()


def test_one_instance_in_two_shards(nightly: Nightly, world: World) -> None:
    """If entries in two shards reach the same instance, the later one fails, as in a single run."""
    role = next(
        role for role in world.roles if role.arn.split(":")[4] == world.organizations[0].management_account_id
    )
    twin = f"  - name: org-1\n    role_arn: {role.arn}\n    region: {world.organizations[0].region}\n"
    text = nightly.file.read_text()
    start, end = text.index("  - name: org-1\n"), text.index("  - name: org-2\n")
    nightly.file.write_text(text[:start] + twin + text[end:])
    run_shards_except(nightly)

    reports, again = nightly.merge(), nightly.merge()

    assert (reports.ended.code, again.ended.code) == (4, 4)
    assert again.statuses == dict.fromkeys(NAMES, "complete") | {"org-1": "failed"}
    assert again.gap("org-1")["code"] == "SameInstance"
    assert not [name for name in again.names if "/org-1/" in name]


def test_a_merge_is_terminated_while_it_waits(nightly: Nightly) -> None:
    """SIGTERM ends a waiting merge at once and without a file."""
    run_shards_except(nightly, 1)
    before = nightly.written()
    process = nightly.start("--wait", "1h", command="merge")
    assert process.stderr is not None
    assert json.loads(process.stderr.readline())["event"] == "merge.waiting"

    process.send_signal(signal.SIGTERM)
    ended = nightly.finish(process)

    assert ended.code == 143
    assert ended.events[-1]["event"] == "run.completed"
    assert nightly.written() == before


@pytest.mark.parametrize(("moment", "pattern"), [("within", "*_report_2*.csv"), ("within", "*manifest.json")])
def test_a_merge_is_killed(nightly: Nightly, moment: str, pattern: str) -> None:
    """A killed merge can be run again."""
    run_shards_except(nightly)
    nightly.killed(moment, pattern, command="merge")

    reports = nightly.merge()

    assert (reports.ended.code, reports.content()) == (0, nightly.merged())
    reports.assert_sums()


# Success


def test_shards_and_a_merge_give_the_bytes_of_one_run(nightly: Nightly, world: World) -> None:
    """Three shards audit each organization once; the merge makes no call and writes the bytes of one run."""
    for index, part in enumerate(PARTS):
        shard = nightly.run("--shard", f"{index}/3")
        document = nightly.document(MANIFEST.format(index))
        assert (shard.ended.code, asked(shard)) == (0, part)
        assert (document["shard"], document["status"], document["files"]) == (f"{index}/3", "complete", [])
        assert {entry["name"] for entry in document["organizations"]} == part
        assert document["not_selected"] == []

    reports = nightly.merge()

    assert (reports.ended.code, reports.calls.total()) == (0, 0)
    assert reports.content() == nightly.merged()
    assert_exact(reports, world, *NAMES)
    reports.assert_sums()
    assert list(reports.statuses) == list(NAMES)
    assert reports.manifest["shard"] is None
    assert all(entry["calls"]["total"] > 0 for entry in reports.manifest["organizations"])
    assert reports.manifest["ts"] == nightly.document("run.json")["ts"]
    assert nightly.document("run.json")["shards"] == 3


def test_a_second_merge_changes_nothing(nightly: Nightly) -> None:
    """A second merge of a complete run writes no file."""
    run_shards_except(nightly)
    nightly.merge()
    before = {path: path.stat().st_mtime_ns for path in nightly.folder.rglob("*")}

    reports = nightly.merge("--wait", "1h")

    assert reports.ended.code == 0
    assert {path: path.stat().st_mtime_ns for path in nightly.folder.rglob("*")} == before


def test_two_merges_at_once(nightly: Nightly) -> None:
    """Two merges can run at the same time, and the files are exactly right."""
    run_shards_except(nightly)
    processes = [nightly.start(command="merge") for _ in range(2)]

    first, second = (nightly.finish(process) for process in processes)

    assert (first.code, second.code) == (0, 0)
    reports = nightly.reports(first)
    assert reports.content() == nightly.merged()
    reports.assert_sums()


def test_a_merge_waits_for_the_run_and_its_shards(nightly: Nightly) -> None:
    """A merge that is started first waits until all shards are finished."""
    process = nightly.start("--wait", "1h", command="merge")
    run_shards_except(nightly)

    ended = nightly.finish(process)

    reports = nightly.reports(ended)
    assert (ended.code, reports.content()) == (0, nightly.merged())


def test_organizations_that_were_not_selected(nightly: Nightly) -> None:
    """A merge lists organizations that its shards did not select in not_selected."""
    for index in range(2):
        nightly.run("--shard", f"{index}/2", "--exclude", "org-1")

    reports = nightly.merge()

    assert reports.ended.code == 0
    assert list(reports.statuses) == ["org-0", "org-2", "org-3"]
    assert reports.manifest["not_selected"] == ["org-1"]


def test_more_shards_than_organizations(nightly: Nightly) -> None:
    """A shard without organizations is complete."""
    codes = [nightly.run("--shard", f"{index}/6").ended.code for index in range(6)]

    reports = nightly.merge()

    assert codes == [0] * 6
    document = nightly.document(MANIFEST.format(5))
    assert (document["status"], document["exit_code"], document["organizations"]) == ("complete", 0, [])
    assert (reports.ended.code, reports.content()) == (0, nightly.merged())


@pytest.mark.parametrize(
    "environ",
    [
        {"SSO_BATCH_SHARD": "2/3"},
        {"SSO_BATCH_SHARD_COUNT": "3", "JOB_COMPLETION_INDEX": "2"},
        {"SSO_BATCH_SHARD_COUNT": "3", "AWS_BATCH_JOB_ARRAY_INDEX": "2"},
    ],
    ids=str,
)
def test_the_shard_from_the_environment(
    nightly: Nightly, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str]
) -> None:
    """If the number of shards is set, the index comes from the variables of Kubernetes or AWS Batch."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    reports = nightly.run()

    assert (reports.ended.code, asked(reports)) == (0, PARTS[2])


def test_without_a_shard_count_the_run_is_not_sharded(
    nightly: Nightly, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An index without the number of shards is ignored."""
    monkeypatch.setenv("JOB_COMPLETION_INDEX", "2")

    reports = nightly.run()

    assert (reports.ended.code, asked(reports)) == (0, set(NAMES))


# Usage


@pytest.mark.parametrize(
    ("first", "second", "named"),
    [
        ("0/3", "1/4", ("3 shards", "4 shards")),
        ("0/3", "0/3", ("shard 0/3", "nightly")),
        ("0/3", None, ("nightly",)),
        (None, "0/3", ("one shard", "3 shards")),
    ],
)
def test_shards_that_do_not_fit_together(
    nightly: Nightly, first: str | None, second: str | None, named: tuple[str, ...]
) -> None:
    """A process with another number of shards, or with a shard that exists already, is refused."""
    for shard in (first, second):
        reports = nightly.run(*(("--shard", shard) if shard else ()))

    assert (reports.ended.code, reports.calls.total()) == (2, 0)
    assert [words for words in named if words not in reports.ended.stderr] == []


@pytest.mark.parametrize("shard", ["3/3", "0/0", "1", "a/b", "-1/3", "1/3/4", "0/3 "])
def test_an_invalid_shard(nightly: Nightly, shard: str) -> None:
    """A shard beyond the last one, or in another form than I/N, is a usage error."""
    reports = nightly.run("--shard", shard)

    assert (reports.ended.code, reports.names) == (2, set())
    assert "--shard" in reports.ended.stderr


def test_a_shard_needs_a_run_id(sso_batch: Command, nightly: Nightly) -> None:
    """--shard without --run-id is a usage error."""
    ended = sso_batch("run", "--config", nightly.file, "--shard", "0/3")

    assert ended.code == 2
    assert "--run-id" in ended.stderr


def test_nothing_to_merge(nightly: Nightly) -> None:
    """A run that does not exist, or is not sharded, is not merged, and its files stay."""
    missing = nightly.merge()
    nightly.run()
    before = nightly.written()

    not_sharded = nightly.merge()

    assert (missing.ended.code, not_sharded.ended.code) == (2, 2)
    assert RUN_ID in missing.ended.stderr
    assert "without shards" not in missing.ended.stderr
    assert "without shards" in not_sharded.ended.stderr
    assert nightly.written() == before


@pytest.mark.parametrize(("option", "value"), [("--wait", "soon"), ("--wait", "0s"), ("--run-id", "A")])
def test_invalid_options_of_merge(nightly: Nightly, option: str, value: str) -> None:
    """Invalid options of `merge` are usage errors."""
    reports = nightly.merge(option, value)

    assert reports.ended.code == 2
    assert f"{option} {value}" in reports.ended.stderr
