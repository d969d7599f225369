"""A run that was killed goes on, does only what is left, and ends as if nothing had been."""

import json
import signal

import pytest

from sso_batch.emulator import Emulator, Fault, World
from tests.end_to_end.command import Command
from tests.end_to_end.expected import assert_exact
from tests.end_to_end.nightly import RUN_ID, Nightly, asked, resumed
from tests.end_to_end.worlds import small

NAMES = ("org-0", "org-1", "org-2")
RUN_FILE = f"aws_sso_access_report_{RUN_ID}_run.json"

# Sends a signal to its own process as it reads a file, and reads on.
SIGNAL_WHILE_READING = """
import os, sys, time
from sso_batch.store import Folder
number, ending = int(sys.argv.pop(1)), sys.argv.pop(1)
read = Folder.read
def read_and_signal(folder, name, *, skip=0):
    global number
    for chunk in read(folder, name, skip=skip):
        if name.endswith(ending) and number:
            os.kill(os.getpid(), number)
            number = 0
            time.sleep(0.3)
        yield chunk
Folder.read = read_and_signal
from sso_batch.cli import main
main()
"""


@pytest.fixture
def world() -> World:
    return small(3)


# Killed


@pytest.mark.parametrize(
    ("moment", "pattern", "finished"),
    [
        ("before", "*_run.json", ()),
        ("after", "*_run.json", ()),
        ("within", "*_org-1_*.csv", NAMES[:1]),
        ("within", "*_org-1_*.jsonl", NAMES[:1]),
        ("after", "*_org-1_*.csv", NAMES[:1]),
        ("after", "*_org-1_*.jsonl", NAMES[:2]),
        ("within", "*_report_2*.csv", NAMES),
        ("after", "*_report_2*.csv", NAMES),
        ("within", "*_manifest.json", NAMES),
    ],
)
def test_killed_and_resumed(
    nightly: Nightly, world: World, moment: str, pattern: str, finished: tuple[str, ...]
) -> None:
    """Whenever a run was killed, no half file has a name, and the second try does the rest alone."""
    nightly.killed(moment, pattern)
    before = nightly.written()
    whole = {name: data for name, data in before.items() if name.endswith((".csv", ".jsonl"))}

    reports = nightly.run("--resume")

    assert (reports.ended.code, reports.manifest["status"]) == (0, "complete")
    assert asked(reports) == set(NAMES) - set(finished)
    assert resumed(reports) == {name: name in finished for name in NAMES}
    assert reports.content() == nightly.merged()
    assert_exact(reports, world, *NAMES)
    reports.assert_sums()
    after = nightly.written()
    assert after.keys() == reports.file_names(*NAMES)
    assert {name: after[name] for name in whole if name.endswith(".csv")} == {
        name: data for name, data in whole.items() if name.endswith(".csv")
    }
    if RUN_FILE in before:
        assert reports.manifest["ts"] == json.loads(before[RUN_FILE])["ts"]
        assert after[RUN_FILE] == before[RUN_FILE]


def test_what_is_taken_over_is_told_as_it_was(nightly: Nightly) -> None:
    """Counts, instance and files of an organization that is taken over are the first try's; no call is."""
    whole = nightly.run()
    first = whole.organization("org-0")
    for name in nightly.written():
        if "_org-1_" in name or name.endswith(("manifest.json", f"{whole.manifest['ts']}.csv")):
            (nightly.folder / name).unlink()

    reports = nightly.run("--resume")

    second = reports.organization("org-0")
    told = {"counts", "instance_arn", "organization_id", "caller_arn", "region", "not_examined", "files"}
    assert {key: second[key] for key in told} == {key: first[key] for key in told}
    assert second["calls"] == {"total": 0, "throttled": 0, "retried": 0, "by_operation": {}}
    assert reports.manifest["started_at"] == whole.manifest["started_at"]
    assert reports.manifest["endpoint_overrides"] == whole.manifest["endpoint_overrides"]
    (event,) = (one for one in reports.ended.named("org.completed") if one["org"] == "org-0")
    assert event["resumed"] is True


def test_killed_twice(nightly: Nightly) -> None:
    """A resume that is killed is resumed in its turn."""
    nightly.killed("after", "*_org-0_*.jsonl")
    nightly.killed("after", "*_org-1_*.jsonl", "--resume")

    reports = nightly.run("--resume")

    assert reports.ended.code == 0
    assert asked(reports) <= {"org-2"}, "the second try may have begun with either of the two"
    assert reports.content() == nightly.merged()


# What the first try came to


def test_a_complete_run_is_left_as_it_is(nightly: Nightly) -> None:
    """To resume a run that is complete asks nothing and writes nothing, and is complete."""
    nightly.run()
    before = {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in nightly.folder.iterdir()}

    reports = nightly.run("--resume")

    assert reports.ended.code == 0
    assert not reports.calls
    assert {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in before} == before
    assert set(nightly.folder.iterdir()) == set(before)
    assert reports.ended.events[-1]["event"] == "run.completed"


def test_an_incomplete_organization_is_done_anew(nightly: Nightly, emulator: Emulator, world: World) -> None:
    """Its _INCOMPLETE files, and the merged ones, make way for whole ones; no other is asked again."""
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


def test_a_failed_organization_is_done_anew(nightly: Nightly, emulator: Emulator) -> None:
    """What failed is tried again, and may fail again: the exit code and the files say so."""
    emulator.faults.append(Fault("access_denied", operation="ListInstances", organization="org-2"))
    first = nightly.run()

    again = nightly.run("--resume")
    statuses = again.statuses
    emulator.faults.clear()
    last = nightly.run("--resume")

    assert [one.ended.code for one in (first, again, last)] == [4, 4, 0]
    assert statuses == {"org-0": "complete", "org-1": "complete", "org-2": "failed"}
    assert last.names == last.file_names(*NAMES)


def test_a_complete_organization_that_turns_incomplete_loses_its_old_files(
    nightly: Nightly, emulator: Emulator
) -> None:
    """An organization that has to be done anew leaves nothing of before, even where the new try says less."""
    nightly.run()
    emulator.faults.append(Fault("access_denied", operation="ListGroupMemberships", organization="org-1"))
    nightly.configure(emulator, settings="run:\n  max_parallel_organizations: 1\n  resume_max_age: 1s\n")
    for path in nightly.folder.glob("*_org-1_*.jsonl"):
        path.write_text(path.read_text()[:-10])

    reports = nightly.run("--resume")

    assert reports.ended.code == 4
    assert reports.names == reports.file_names("org-0", "org-2", incomplete=["org-1"])


@pytest.mark.parametrize(
    ("settings", "anew"),
    [
        ("output:\n  escape_formulas: false\n", set(NAMES)),
        ("run:\n  max_parallel_organizations: 3\n  deadline: 3h\n", set()),
    ],
)
def test_another_configuration(nightly: Nightly, emulator: Emulator, settings: str, anew: set[str]) -> None:
    """What decides rows makes an earlier result worthless; what does not, such as the deadline, does not."""
    nightly.run()
    if settings.startswith("output"):
        text = nightly.file.read_text().replace("output:\n", settings)
        nightly.file.write_text(text)
    else:
        nightly.configure(emulator, settings=settings)

    reports = nightly.run("--resume")

    assert (reports.ended.code, asked(reports)) == (0, anew)
    assert reports.content() == nightly.merged()


def test_too_old(nightly: Nightly) -> None:
    """A finished organization older than resume_max_age is audited anew."""
    nightly.killed("after", "*_org-1_*.jsonl")
    for path in nightly.folder.glob("*_org-0_*.jsonl"):
        head, *rest = path.read_text().splitlines(keepends=True)
        record = json.loads(head) | {"finished_at": "2026-01-01T00:00:00+00:00"}
        path.write_text("".join([json.dumps(record) + "\n", *rest]))

    reports = nightly.run("--resume")

    assert (reports.ended.code, asked(reports)) == (0, {"org-0", "org-2"})
    assert reports.content() == nightly.merged()


@pytest.mark.parametrize("damage", ["gone", "cut off", "changed"])
def test_a_csv_that_is_not_its_snapshots_is_written_anew(nightly: Nightly, damage: str) -> None:
    """The snapshot is the one source: a CSV that is lost or changed is made from it again, without a call."""
    nightly.run()
    (path,) = nightly.folder.glob("*_org-1_*.csv")
    match damage:
        case "gone":
            path.unlink()
        case "cut off":
            path.write_bytes(path.read_bytes()[:-50])
        case _:
            path.write_bytes(path.read_bytes().replace(b"OK", b"KO"))

    reports = nightly.run("--resume")

    assert (reports.ended.code, asked(reports)) == (0, set())
    assert reports.content() == nightly.merged()
    reports.assert_sums()


def test_the_first_process_may_come_back(nightly: Nightly, emulator: Emulator) -> None:
    """Two processes that resume one run at once: each ends well, and the files are whole."""
    nightly.killed("after", "*_org-0_*.jsonl")
    emulator.calls.clear()
    others = [nightly.start("--resume") for _ in range(2)]

    ended = [nightly.finish(one) for one in others]

    assert [one.code for one in ended] == [0, 0], [one.stderr for one in ended]
    reports = nightly.reports(ended[0])
    assert reports.content() == nightly.merged()
    reports.assert_sums()
    assert nightly.written().keys() == reports.file_names(*NAMES)


# Interrupted


def test_terminated_and_resumed(nightly: Nightly, emulator: Emulator) -> None:
    """After SIGTERM the manifest names what is missing; the second try replaces it."""
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


@pytest.mark.parametrize(("killed", "ending"), [(False, ".csv"), (True, "_snapshot.jsonl"), (True, ".csv")])
def test_terminated_while_it_looks(nightly: Nightly, world: World, *, killed: bool, ending: str) -> None:
    """A resume that is told to end while it reads what is there ends soon and spoils nothing."""
    if killed:
        nightly.killed("after", "*_report_2*.csv")
    else:
        nightly.run()
    before = nightly.written()

    ended = nightly.finish(
        nightly.start("--resume", python=("-c", SIGNAL_WHILE_READING, str(int(signal.SIGTERM)), ending))
    )

    after = nightly.written()
    csvs = {name: data for name, data in before.items() if "_org-" in name}
    assert ended.code == 143
    assert {name: after[name] for name in csvs} == csvs
    if not killed:
        assert after == before
    reports = nightly.run("--resume")
    assert (reports.ended.code, asked(reports), reports.content()) == (0, set(), nightly.merged())
    assert_exact(reports, world, *NAMES)


def test_past_the_deadline_and_resumed(nightly: Nightly, emulator: Emulator) -> None:
    """What the deadline left out, those that never had their turn too, is a gap; a resume has it all."""
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


def test_without_resume_the_id_is_taken(nightly: Nightly) -> None:
    """A run id names one run, whether or not that was ever finished."""
    nightly.killed("after", "*_org-0_*.jsonl")

    reports = nightly.run()

    assert (reports.ended.code, reports.calls.total()) == (2, 0)
    assert "resume it with --resume" in reports.ended.stderr


def test_resume_needs_an_id(sso_batch: Command, nightly: Nightly) -> None:
    """--resume without --run-id cannot know which run is meant."""
    ended = sso_batch("run", "--config", nightly.file, "--resume")

    assert ended.code == 2
    assert "--resume requires --run-id" in ended.stderr


def test_resume_begins_a_run(nightly: Nightly) -> None:
    """Without a run of that id --resume begins it: a job says the same at every try."""
    reports = nightly.run("--resume")

    assert (reports.ended.code, asked(reports)) == (0, set(NAMES))
    assert resumed(reports) == dict.fromkeys(NAMES, False)
    assert reports.names == reports.file_names(*NAMES)


def test_resume_in_the_environment(nightly: Nightly, monkeypatch: pytest.MonkeyPatch) -> None:
    """SSO_BATCH_RESUME stands for --resume."""
    nightly.killed("after", "*_org-1_*.jsonl")
    monkeypatch.setenv("SSO_BATCH_RESUME", "1")

    reports = nightly.run()

    assert (reports.ended.code, asked(reports)) == (0, {"org-2"})
