"""Several workers share a run, and a merge gives the files of one."""

import json
import signal

import pytest

from sso_batch.emulator import Emulator, Fault, World
from tests.end_to_end.command import Command
from tests.end_to_end.expected import assert_exact
from tests.end_to_end.nightly import RUN_ID, Nightly, asked, resumed
from tests.end_to_end.worlds import small

NAMES = ("org-0", "org-1", "org-2", "org-3")
PARTS = ({"org-0", "org-3"}, {"org-1"}, {"org-2"})
MANIFEST = "_shard_{}_manifest.json"


@pytest.fixture
def world() -> World:
    return small(4)


def all_but(nightly: Nightly, *missing: int) -> None:
    """Run every shard but these."""
    for index in range(len(PARTS)):
        if index not in missing:
            assert nightly.run("--shard", f"{index}/3").ended.code == 0


# Trouble


def test_a_shard_is_missing(nightly: Nightly, world: World) -> None:
    """Its organizations are named as failed, with what to do; the others' rows are there; 4."""
    all_but(nightly, 1)

    reports = nightly.merge()

    assert reports.ended.code == 4
    assert not reports.calls
    assert reports.statuses == dict.fromkeys(NAMES, "complete") | {"org-1": "failed"}
    gap = reports.gap("org-1")
    assert (gap["operation"], gap["resource"], gap["code"]) == ("merge", "org-1", "ShardMissing")
    assert "shard 1/3 has not reported" in gap["message"]
    assert "--shard 1/3 --resume" in gap["hint"]
    assert [row["Organization"] for row in reports.rows()].count("org-1") == 0
    assert_exact(reports, world, "org-0", "org-2", "org-3")
    assert "_INCOMPLETE.csv" in reports.manifest["files"][0]["name"]


def test_a_missing_shard_comes_late(nightly: Nightly, world: World) -> None:
    """A merge after it replaces what the first one wrote, and nothing incomplete is left."""
    all_but(nightly, 1)
    nightly.merge()
    all_but(nightly, 0, 2)

    reports = nightly.merge()

    assert reports.ended.code == 0
    assert reports.content() == nightly.merged()
    assert_exact(reports, world, *NAMES)
    shards = {f"aws_sso_access_report_{reports.manifest['ts']}{MANIFEST.format(index)}" for index in range(3)}
    assert reports.names == reports.file_names(*NAMES) | shards


def test_a_killed_shard_is_resumed(nightly: Nightly) -> None:
    """A shard that was killed does the rest of its part alone at its second try."""
    all_but(nightly, 0)
    nightly.killed("after", "*_org-0_*.jsonl", "--shard", "0/3")

    shard = nightly.run("--shard", "0/3", "--resume")
    reports = nightly.merge()

    assert (shard.ended.code, asked(shard)) == (0, {"org-3"})
    assert resumed(reports) == {"org-0": True, "org-1": False, "org-2": False, "org-3": False}
    assert (reports.ended.code, reports.content()) == (0, nightly.merged())


def test_a_killed_shard_is_merged_as_far_as_it_came(nightly: Nightly, world: World) -> None:
    """What a killed shard finished counts; of a file without its snapshot nothing does."""
    all_but(nightly, 0)
    nightly.killed("after", "*_org-3_*.csv", "--shard", "0/3")

    reports = nightly.merge()

    assert reports.ended.code == 4
    assert reports.statuses == dict.fromkeys(NAMES, "complete") | {"org-3": "failed"}
    assert_exact(reports, world, "org-0", "org-1", "org-2")


def test_an_incomplete_shard(nightly: Nightly, emulator: Emulator) -> None:
    """An incomplete organization of a shard is incomplete in the merge, its gaps and rows as they were."""
    emulator.faults.append(Fault("access_denied", operation="ListGroupMemberships", organization="org-2"))
    shard = nightly.run("--shard", "2/3")
    all_but(nightly, 2)

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


@pytest.mark.parametrize("damage", ["gone", "changed"])
def test_files_that_a_shard_reported_and_are_not_there(nightly: Nightly, damage: str) -> None:
    """A CSV is made again from its snapshot; without the snapshot the organization has failed."""
    all_but(nightly)
    (records,) = nightly.folder.glob("*_org-1_*.jsonl")
    (rows,) = nightly.folder.glob("*_org-2_*.csv")
    if damage == "gone":
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
    """Of two entries with one instance in different shards the later one fails, as in a single run."""
    role = next(
        one for one in world.roles if one.arn.split(":")[4] == world.organizations[0].management_account_id
    )
    twin = f"  - name: org-1\n    role_arn: {role.arn}\n    region: {world.organizations[0].region}\n"
    text = nightly.file.read_text()
    start, end = text.index("  - name: org-1\n"), text.index("  - name: org-2\n")
    nightly.file.write_text(text[:start] + twin + text[end:])
    all_but(nightly)

    reports, again = nightly.merge(), nightly.merge()

    assert (reports.ended.code, again.ended.code) == (4, 4)
    assert again.statuses == dict.fromkeys(NAMES, "complete") | {"org-1": "failed"}
    assert again.gap("org-1")["code"] == "SameInstance"
    assert not [name for name in again.names if "_org-1_" in name]


def test_a_merge_is_terminated_while_it_waits(nightly: Nightly) -> None:
    """SIGTERM ends a merge at once; it has written nothing."""
    all_but(nightly, 1)
    before = nightly.written()
    process = nightly.start("--wait", "1h", command="merge")
    assert process.stderr is not None
    assert json.loads(process.stderr.readline())["event"] == "merge.waiting"

    process.send_signal(signal.SIGTERM)
    ended = nightly.finish(process)

    assert ended.code == 143
    assert ended.events[-1]["event"] == "run.completed"
    assert nightly.written() == before


@pytest.mark.parametrize(
    ("moment", "pattern"), [("within", "*_report_2*.csv"), ("within", "*[0-9]_manifest.json")]
)
def test_a_merge_is_killed(nightly: Nightly, moment: str, pattern: str) -> None:
    """A merge that was killed is run again."""
    all_but(nightly)
    nightly.killed(moment, pattern, command="merge")

    reports = nightly.merge()

    assert (reports.ended.code, reports.content()) == (0, nightly.merged())
    reports.assert_sums()


# As it should be


def test_shards_and_a_merge_give_the_bytes_of_one_run(nightly: Nightly, world: World) -> None:
    """Three shards ask each organization once; the merge asks nothing and writes what one run would."""
    for index, part in enumerate(PARTS):
        shard = nightly.run("--shard", f"{index}/3")
        document = nightly.document(MANIFEST.format(index))
        assert (shard.ended.code, asked(shard)) == (0, part)
        assert (document["shard"], document["status"], document["files"]) == (f"{index}/3", "complete", [])
        assert {one["name"] for one in document["organizations"]} == part
        assert document["not_selected"] == []

    reports = nightly.merge()

    assert (reports.ended.code, reports.calls.total()) == (0, 0)
    assert reports.content() == nightly.merged()
    assert_exact(reports, world, *NAMES)
    reports.assert_sums()
    assert list(reports.statuses) == list(NAMES)
    assert reports.manifest["shard"] is None
    assert {one["calls"]["total"] > 0 for one in reports.manifest["organizations"]} == {True}
    assert reports.manifest["ts"] == nightly.document("_run.json")["ts"]
    assert nightly.document("_run.json")["shards"] == 3


def test_a_merge_that_has_been_is_left_as_it_is(nightly: Nightly) -> None:
    """A second merge of a complete run writes nothing."""
    all_but(nightly)
    nightly.merge()
    before = {path: path.stat().st_mtime_ns for path in nightly.folder.iterdir()}

    reports = nightly.merge("--wait", "1h")

    assert reports.ended.code == 0
    assert {path: path.stat().st_mtime_ns for path in nightly.folder.iterdir()} == before


def test_two_merges_at_once(nightly: Nightly) -> None:
    """Two merges at once both end well, over the same bytes."""
    all_but(nightly)
    processes = [nightly.start(command="merge") for _ in range(2)]

    ended = [nightly.finish(one) for one in processes]

    assert [one.code for one in ended] == [0, 0]
    reports = nightly.reports(ended[0])
    assert reports.content() == nightly.merged()
    reports.assert_sums()


def test_a_merge_waits_for_the_run_and_its_shards(nightly: Nightly) -> None:
    """A merge that comes first waits until all shards have reported."""
    process = nightly.start("--wait", "1h", command="merge")
    all_but(nightly)

    ended = nightly.finish(process)

    reports = nightly.reports(ended)
    assert (ended.code, reports.content()) == (0, nightly.merged())


def test_what_was_not_selected(nightly: Nightly) -> None:
    """A merge leaves out what its shards were told to leave out."""
    for index in range(2):
        nightly.run("--shard", f"{index}/2", "--exclude", "org-1")

    reports = nightly.merge()

    assert reports.ended.code == 0
    assert list(reports.statuses) == ["org-0", "org-2", "org-3"]
    assert reports.manifest["not_selected"] == ["org-1"]


def test_more_shards_than_organizations(nightly: Nightly) -> None:
    """A shard without organizations is complete, and its manifest says so."""
    ended = [nightly.run("--shard", f"{index}/6").ended.code for index in range(6)]

    reports = nightly.merge()

    assert ended == [0] * 6
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
def test_the_engine_tells_the_shard(
    nightly: Nightly, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str]
) -> None:
    """The shard's number comes from the variables of Kubernetes and AWS Batch, where N is set."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    reports = nightly.run()

    assert (reports.ended.code, asked(reports)) == (0, PARTS[2])


def test_without_a_count_nothing_is_sharded(nightly: Nightly, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Job's index alone makes no shard."""
    monkeypatch.setenv("JOB_COMPLETION_INDEX", "2")

    reports = nightly.run()

    assert (reports.ended.code, asked(reports)) == (0, set(NAMES))


# Usage


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        ("0/3", "1/4", "has 3 shards, but this process expects 4 shards"),
        ("0/3", "0/3", "shard 0/3 of the run nightly already exists in this place"),
        ("0/3", None, "the run nightly already exists in this place"),
        (None, "0/3", "has one shard, but this process expects 3 shards"),
    ],
)
def test_shards_that_do_not_fit_together(
    nightly: Nightly, first: str | None, second: str | None, words: str
) -> None:
    """Processes that disagree on the number of shards, or repeat one without --resume, are refused."""
    for shard in (first, second):
        reports = nightly.run(*(("--shard", shard) if shard else ()))

    assert (reports.ended.code, reports.calls.total()) == (2, 0)
    assert words in reports.ended.stderr


@pytest.mark.parametrize("shard", ["3/3", "0/0", "1", "a/b", "-1/3", "1/3/4", "0/3 "])
def test_a_shard_that_is_none(nightly: Nightly, shard: str) -> None:
    """A shard beyond the last one, or one that is no I/N, is a mistake of usage."""
    reports = nightly.run("--shard", shard)

    assert (reports.ended.code, reports.names) == (2, set())
    assert "--shard" in reports.ended.stderr


def test_a_shard_needs_an_id(sso_batch: Command, nightly: Nightly) -> None:
    """A shard without --run-id would be a run of its own."""
    ended = sso_batch("run", "--config", nightly.file, "--shard", "0/3")

    assert ended.code == 2
    assert "--shard requires --run-id" in ended.stderr


def test_nothing_to_merge(nightly: Nightly) -> None:
    """A run that is not there, or was not sharded, is not merged; its manifest stays."""
    nowhere = nightly.merge()
    nightly.run()
    before = nightly.written()

    whole = nightly.merge()

    assert (nowhere.ended.code, whole.ended.code) == (2, 2)
    assert f"there is no run {RUN_ID} in this place" in nowhere.ended.stderr
    assert "a run without shards is not merged" in whole.ended.stderr
    assert nightly.written() == before


@pytest.mark.parametrize(("option", "value"), [("--wait", "soon"), ("--wait", "0s"), ("--run-id", "A")])
def test_bad_options_of_merge(nightly: Nightly, option: str, value: str) -> None:
    """What cannot be waited for, or named, is told before anything is looked for."""
    reports = nightly.merge(option, value)

    assert reports.ended.code == 2
    assert f"{option} {value}" in reports.ended.stderr
