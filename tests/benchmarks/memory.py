"""The end of a run with 100,000 direct assignments: how much memory each format takes."""

import hashlib
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from resource import RUSAGE_SELF, getrusage

from sso_batch.model import PERMISSION_SET, USER, Account, Grant, Principal, User
from sso_batch.run_files.file_names import FileNames
from sso_batch.run_files.run import RunFacts
from sso_batch.run_files.writer import write_organization
from sso_batch.runner.merged_files import MergedFilesWriter
from sso_batch.store import FileEntry, FileKind, Folder, FolderPlace
from tests.benchmarks.figures import Figure, Options
from tests.benchmarks.program import run
from tests.support.contexts import Format, run_context
from tests.support.overviews import ADMINISTRATOR_ACCESS
from tests.support.records import outcome, permission_set, snapshot
from tests.support.reports import files_in

ASSIGNMENTS = 100_000
_NAMES = FileNames("nightly", "20260304_050607")
_LIMIT = 512 * 1024 * 1024  # of the shipped CronJob


def memory(options: Options, folder: Path) -> Iterator[Figure]:
    """Measure the peak memory of each format, in a process of its own, with ordinary and long names."""
    assignments = ASSIGNMENTS // 20 if options.quick else ASSIGNMENTS
    for letters in (0, 400):
        place = Path(tempfile.mkdtemp(dir=folder))
        run(sys.executable, "-m", "tests.benchmarks.memory", "read", place, assignments, letters)
        for format_ in ("csv", "html", "xlsx"):
            ended = run(sys.executable, "-m", "tests.benchmarks.memory", format_, place)
            peak = int(ended.stdout)
            yield Figure(
                f"{format_}: peak memory in 512 MiB",
                f"{assignments:,} assignments, {letters} more letters a name",
                (peak / _LIMIT,),
                f"{peak / 1e6:.0f} MB",
                "1.00",
            )


def _read(place: Path, assignments: int, letters: int) -> None:
    """Write the files of an organization in which everybody has an assignment and half are administrators."""
    people = tuple(
        User(
            f"{number:08d}-1111-2222-3333-444444444444",
            f"login{number}",
            f"Person {number}" + "n" * letters,
            f"{number}@example.com",
            "ENABLED",
        )
        for number in range(assignments)
    )
    sets = tuple(
        permission_set(
            f"arn:aws:sso:::permissionSet/ssoins-1111111111111111/ps-{number:016d}",
            f"Set{number}",
            "PT1H",
            (ADMINISTRATOR_ACCESS,) if number % 2 else (),
            (),
            "",
            "",
        )
        for number in range(20)
    )
    accounts = tuple(
        Account(f"{number:012d}", f"Account {number}", "ACTIVE", "Root/Prod") for number in range(100)
    )
    grants = (
        Grant(accounts[number % 100].id, PERMISSION_SET, sets[number % 20].arn, "", Principal(USER, one.id))
        for number, one in enumerate(people)
    )
    one = snapshot(users=people, permission_sets=sets, accounts=accounts, grants=tuple(sorted(grants)))
    write_organization(
        Folder(place, _NAMES.run_id), _NAMES, one, csv=True, escape=True, stop=threading.Event()
    )


def _end(place: Path, format_: Format) -> None:
    """Write the merged files, as the end of a run does."""
    facts = RunFacts(_NAMES, "0" * 64, "complete", ())
    writer = MergedFilesWriter(run_context(FolderPlace(place), facts, formats=(format_,)))
    writer.write((outcome(files=entries(place)),))
    if writer.result.gaps or not any(format_ in file.name for file in writer.result.files):
        sys.exit(f"the {format_} was not written: {writer.result.gaps}")
    for file in writer.result.files:
        (place / _NAMES.run_id / file.name).unlink()


def entries(place: Path) -> tuple[FileEntry, ...]:
    """Give what a manifest says of the files that are there, the CSV first."""
    found = []
    for name, file in sorted(files_in(place / _NAMES.run_id).items()):
        content = file.read_bytes()
        rows = content.count(b"\r\n") - 1 if file.suffix == ".csv" else 0
        kind = FileKind.ACCESS_CSV if file.suffix == ".csv" else FileKind.SNAPSHOT
        found.append(FileEntry(name, kind, hashlib.sha256(content).hexdigest(), rows, len(content)))
    return tuple(found)


if __name__ == "__main__":
    if sys.argv[1] == "read":
        _read(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
    else:
        formats: dict[str, Format] = {"csv": "csv", "html": "html", "xlsx": "xlsx"}
        _end(Path(sys.argv[2]), formats[sys.argv[1]])
        sys.stdout.write(f"{getrusage(RUSAGE_SELF).ru_maxrss * 1024}\n")
