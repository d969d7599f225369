"""A run that was killed is resumed: only what is missing is audited, and the files are exactly right."""

import json
import signal
from pathlib import Path

import pytest

from sso_batch.emulator import Emulator, Fault, World
from tests.support.command import Command
from tests.support.drivers import SIGNALLED_WHILE_READING
from tests.support.expected_reports import assert_exact
from tests.support.nightly import Nightly, asked, resumed
from tests.support.sample_worlds import small

NAMES = ("org-0", "org-1", "org-2")
RUN_FILE = "run.json"


@pytest.fixture
def world() -> World:
    return small(3)


# Killed


@pytest.mark.parametrize(
    ("moment", "pattern", "finished"),
    [
        ("before", "*run.json", ()),
        ("after", "*run.json", ()),
        ("within", "*_org-1_*.csv", NAMES[:1]),
        ("within", "*/org-1/*.jsonl", NAMES[:1]),
        ("after", "*_org-1_*.csv", NAMES[:1]),
        ("after", "*/org-1/*.jsonl", NAMES[:2]),
        ("within", "*_report_2*.csv", NAMES),
        ("after", "*_report_2*.csv", NAMES),
        ("within", "*manifest.json", NAMES),
    ],
)
def test_killed_and_resumed(
    nightly: Nightly, world: World, moment: str, pattern: str, finished: tuple[str, ...]
) -> None:
    """Whenever a run is killed, it leaves no partial file, and a resume audits only what is missing."""
    nightly.killed(moment, pattern)
    before = nightly.written()
    csvs = {name: data for name, data in before.items() if name.endswith(".csv")}

    reports = nightly.run("--resume")

    assert (reports.ended.code, reports.manifest["status"]) == (0, "complete")
    assert asked(reports) == set(NAMES) - set(finished)
    assert resumed(reports) == {name: name in finished for name in NAMES}
    assert reports.content() == nightly.merged()
    assert_exact(reports, world, *NAMES)
    reports.assert_sums()
    after = nightly.written()
    assert after.keys() == reports.file_names(*NAMES)
    assert {name: after[name] for name in csvs} == csvs
    if RUN_FILE in before:
        assert reports.manifest["ts"] == json.loads(before[RUN_FILE])["ts"]
        assert after[RUN_FILE] == before[RUN_FILE]


def test_an_earlier_result_is_reported_unchanged(nightly: Nightly) -> None:
    """A kept organization has the counts, instance and files of the first attempt, and no calls."""
    complete = nightly.run()
    first = complete.organization("org-0")
    for name in nightly.written():
        if "/org-1/" in name or name.endswith(("manifest.json", f"{complete.manifest['ts']}.csv")):
            (nightly.folder / name).unlink()

    reports = nightly.run("--resume")

    second = reports.organization("org-0")
    unchanged = {"counts", "instance_arn", "organization_id", "caller_arn", "region", "not_examined", "files"}
    assert {key: second[key] for key in unchanged} == {key: first[key] for key in unchanged}
    assert second["calls"] == {"total": 0, "throttled": 0, "retried": 0, "by_operation": {}}
    assert reports.manifest["started_at"] == complete.manifest["started_at"]
    assert reports.manifest["endpoint_overrides"] == complete.manifest["endpoint_overrides"]
    (event,) = (event for event in reports.ended.named("org.completed") if event["org"] == "org-0")
    assert event["resumed"] is True


def test_killed_twice(nightly: Nightly) -> None:
    """A resume that is killed can be resumed, too."""
    nightly.killed("after", "*/org-0/*.jsonl")
    nightly.killed("after", "*/org-1/*.jsonl", "--resume")

    reports = nightly.run("--resume")

    assert reports.ended.code == 0
    assert asked(reports) <= {"org-2"}, "the second attempt may start with either organization"
    assert reports.content() == nightly.merged()


# After different first attempts


def test_a_complete_run_is_left_unchanged(nightly: Nightly) -> None:
    """Resuming a complete run makes no call and writes no file."""
    nightly.run()
    before = {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in nightly.folder.rglob("*")}

    reports = nightly.run("--resume")

    assert reports.ended.code == 0
    assert not reports.calls
    assert {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in before} == before
    assert set(nightly.folder.rglob("*")) == set(before)
    assert reports.ended.events[-1]["event"] == "run.completed"


def test_an_incomplete_organization_is_audited_again(
    nightly: Nightly, emulator: Emulator, world: World
) -> None:
    """Only the incomplete organization is audited again, and complete files replace the _INCOMPLETE ones."""
    denied = Fault("access_denied", operation="ListGroupMemberships", organization="org-1")
    emulator.faults.append(denied)
    first = nightly.run()
    emulator.faults.clear()
    incomplete = {name for name in first.names if "_INCOMPLETE" in name}

    reports = nightly.run("--resume")

    assert (first.ended.code, len(incomplete), denied.injected > 0) == (4, 4, True)
    assert (reports.ended.code, asked(reports)) == (0, {"org-1"})
    assert reports.names == reports.file_names(*NAMES)
    assert reports.content() == nightly.merged()
    assert_exact(reports, world, *NAMES)


def test_a_failed_organization_is_audited_again(nightly: Nightly, emulator: Emulator) -> None:
    """A failed organization is audited at each resume, until it is complete."""
    emulator.faults.append(Fault("access_denied", operation="ListInstances", organization="org-2"))
    first = nightly.run()

    again = nightly.run("--resume")
    statuses = again.statuses
    emulator.faults.clear()
    last = nightly.run("--resume")

    assert [reports.ended.code for reports in (first, again, last)] == [4, 4, 0]
    assert statuses == {"org-0": "complete", "org-1": "complete", "org-2": "failed"}
    assert last.names == last.file_names(*NAMES)


def test_a_complete_organization_becomes_incomplete(nightly: Nightly, emulator: Emulator) -> None:
    """An organization that is audited again keeps no earlier file, even if it is incomplete now."""
    nightly.run()
    emulator.faults.append(Fault("access_denied", operation="ListGroupMemberships", organization="org-1"))
    nightly.configure(emulator, settings="run:\n  max_parallel_organizations: 1\n  resume_max_age: 1s\n")
    for path in nightly.folder.glob("organizations/org-1/*.jsonl"):
        path.write_text(path.read_text()[:-10])

    reports = nightly.run("--resume")

    assert reports.ended.code == 4
    assert reports.names == reports.file_names("org-0", "org-2", incomplete=["org-1"])


@pytest.mark.parametrize(
    ("settings", "audited"),
    [
        ("output:\n  escape_formulas: false\n", set(NAMES)),
        ("run:\n  max_parallel_organizations: 3\n  deadline: 3h\n", set()),
    ],
)
def test_another_configuration(
    nightly: Nightly, emulator: Emulator, settings: str, audited: set[str]
) -> None:
    """Organizations are audited again after a change that affects rows, not after one of the deadline."""
    nightly.run()
    if settings.startswith("output"):
        text = nightly.file.read_text().replace("output:\n", settings)
        nightly.file.write_text(text)
    else:
        nightly.configure(emulator, settings=settings)

    reports = nightly.run("--resume")

    assert (reports.ended.code, asked(reports)) == (0, audited)
    assert reports.content() == nightly.merged()


def test_an_earlier_result_that_is_too_old(nightly: Nightly) -> None:
    """A finished organization older than resume_max_age is audited again."""
    nightly.killed("after", "*/org-1/*.jsonl")
    for path in nightly.folder.glob("organizations/org-0/*.jsonl"):
        head, *rest = path.read_text().splitlines(keepends=True)
        record = json.loads(head) | {"finished_at": "2026-01-01T00:00:00+00:00"}
        path.write_text("".join([json.dumps(record) + "\n", *rest]))

    reports = nightly.run("--resume")

    assert (reports.ended.code, asked(reports)) == (0, {"org-0", "org-2"})
    assert reports.content() == nightly.merged()


@pytest.mark.parametrize("damage", ["removed", "truncated", "changed"])
def test_a_csv_that_does_not_match_its_snapshot_is_written_again(nightly: Nightly, damage: str) -> None:
    """A lost or changed CSV is written again from its snapshot, without a call."""
    nightly.run()
    (path,) = nightly.folder.glob("organizations/org-1/*.csv")
    match damage:
        case "removed":
            path.unlink()
        case "truncated":
            path.write_bytes(path.read_bytes()[:-50])
        case _:
            path.write_bytes(path.read_bytes().replace(b"OK", b"KO"))

    reports = nightly.run("--resume")

    assert (reports.ended.code, asked(reports)) == (0, set())
    assert reports.content() == nightly.merged()
    reports.assert_sums()


def test_two_resumes_at_once(nightly: Nightly, emulator: Emulator) -> None:
    """Two processes can resume one run at the same time, and the files are exactly right."""
    nightly.killed("after", "*/org-0/*.jsonl")
    emulator.calls.clear()
    processes = [nightly.start("--resume") for _ in range(2)]

    first, second = (nightly.finish(process) for process in processes)

    assert (first.code, second.code) == (0, 0), first.stderr + second.stderr
    reports = nightly.reports(first)
    assert reports.content() == nightly.merged()
    reports.assert_sums()
    assert nightly.written().keys() == reports.file_names(*NAMES)


def test_a_link_in_the_place_of_an_organizations_folder(
    nightly: Nightly, world: World, tmp_path: Path
) -> None:
    """Nothing is written through a link: its organization fails, and the others are exactly right."""
    nightly.killed("after", "*run.json")
    (tmp_path / "elsewhere").mkdir()
    (nightly.folder / "organizations").mkdir(mode=0o700)
    (nightly.folder / "organizations" / "org-1").symlink_to(tmp_path / "elsewhere")

    reports = nightly.run("--resume")

    assert reports.ended.code == 4
    assert reports.statuses == {"org-0": "complete", "org-1": "failed", "org-2": "complete"}
    assert reports.gap("org-1")["code"] == "NotAFolder"
    assert_exact(reports, world, "org-0", "org-2")
    assert list((tmp_path / "elsewhere").iterdir()) == []


# Interrupted


def test_terminated_and_resumed(nightly: Nightly, emulator: Emulator) -> None:
    """After SIGTERM the manifest names what is missing, and a resume replaces it."""
    emulator.faults.append(Fault("hang", operation="ListUsers", organization="org-1"))
    process = nightly.start()
    assert process.stderr is not None
    for line in process.stderr:
        if (json.loads(line)["event"], json.loads(line).get("org")) == ("org.started", "org-1"):
            break
    process.send_signal(signal.SIGTERM)
    first = nightly.reports(nightly.finish(process))
    statuses = first.statuses
    emulator.faults.clear()

    reports = nightly.run("--resume")

    assert (first.ended.code, statuses) == (
        143,
        {"org-0": "complete", "org-1": "interrupted", "org-2": "interrupted"},
    )
    assert (reports.ended.code, asked(reports)) == (0, {"org-1", "org-2"})
    assert reports.content() == nightly.merged()


@pytest.mark.parametrize(("killed", "ending"), [(False, ".csv"), (True, "snapshot.jsonl"), (True, ".csv")])
def test_terminated_while_it_reads_earlier_results(
    nightly: Nightly, world: World, *, killed: bool, ending: str
) -> None:
    """A resume that is terminated while it reads earlier results ends soon and changes no file."""
    if killed:
        nightly.killed("after", "*_report_2*.csv")
    else:
        nightly.run()
    before = nightly.written()

    ended = nightly.finish(
        nightly.start("--resume", python=("-c", SIGNALLED_WHILE_READING, str(int(signal.SIGTERM)), ending))
    )

    after = nightly.written()
    csvs = {name: data for name, data in before.items() if "/org-" in name}
    assert ended.code == 143
    assert {name: after[name] for name in csvs} == csvs
    if not killed:
        assert after == before
    reports = nightly.run("--resume")
    assert (reports.ended.code, asked(reports), reports.content()) == (0, set(), nightly.merged())
    assert_exact(reports, world, *NAMES)


def test_resume_after_the_deadline(nightly: Nightly, emulator: Emulator) -> None:
    """Organizations that the deadline cut off or never let start are gaps, and a resume audits them."""
    emulator.faults.append(Fault("hang", operation="ListAccountAssignments", organization="org-1"))
    nightly.configure(emulator, settings="run:\n  max_parallel_organizations: 1\n  deadline: 2s\n")
    first = nightly.run()
    statuses, gaps = first.statuses, {name: first.gaps(name) for name in NAMES}
    emulator.faults.clear()
    nightly.configure(emulator, settings="run:\n  max_parallel_organizations: 1\n")

    reports = nightly.run("--resume")

    assert (first.ended.code, statuses) == (
        4,
        {"org-0": "complete", "org-1": "incomplete", "org-2": "failed"},
    )
    assert {gap["code"] for name in ("org-1", "org-2") for gap in gaps[name]} == {"DeadlineExceeded"}
    assert (reports.ended.code, asked(reports)) == (0, {"org-1", "org-2"})
    assert reports.content() == nightly.merged()


# Usage


def test_the_run_id_is_taken(nightly: Nightly) -> None:
    """Without --resume the id of an earlier run is refused, whether or not that run was finished."""
    nightly.killed("after", "*/org-0/*.jsonl")

    reports = nightly.run()

    assert (reports.ended.code, reports.calls.total()) == (2, 0)
    assert "--resume" in reports.ended.stderr


def test_resume_needs_an_id(sso_batch: Command, nightly: Nightly) -> None:
    """--resume without --run-id is a usage error."""
    ended = sso_batch("run", "--config", nightly.file, "--resume")

    assert ended.code == 2
    assert "--run-id" in ended.stderr


def test_resume_starts_a_run(nightly: Nightly) -> None:
    """If no run has this id, --resume starts it, so that a job can use one command for every attempt."""
    reports = nightly.run("--resume")

    assert (reports.ended.code, asked(reports)) == (0, set(NAMES))
    assert resumed(reports) == dict.fromkeys(NAMES, False)
    assert reports.names == reports.file_names(*NAMES)


def test_resume_in_the_environment(nightly: Nightly, monkeypatch: pytest.MonkeyPatch) -> None:
    """SSO_BATCH_RESUME has the effect of --resume."""
    nightly.killed("after", "*/org-1/*.jsonl")
    monkeypatch.setenv("SSO_BATCH_RESUME", "1")

    reports = nightly.run()

    assert (reports.ended.code, asked(reports)) == (0, {"org-2"})
