"""Benchmarks of growth: time, memory and calls from 1 to 200 organizations, and from 1,000 to 1,000,000 rows.

Except with `--quick`, they replace the measurements in docs/explanation/growth.csv, from which
`python -m tests.benchmarks.plots` draws the plots.
"""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from sso_batch.config import load
from sso_batch.emulator import World, generate
from sso_batch.run_files.file_names import FileNames
from sso_batch.run_files.run import RunFacts
from sso_batch.run_files.stored_runs import load_manifest
from sso_batch.runner.merged_files import MergedFilesWriter
from sso_batch.store import FolderPlace
from tests.benchmarks.audits import LATENCY, SHORT, exactness
from tests.benchmarks.campaign_run import Size, configuration, write_run
from tests.benchmarks.campaigns import decided_csv
from tests.benchmarks.emulated import emulator_process
from tests.benchmarks.figures import Figure, Options
from tests.benchmarks.measurements import Measurement, medians, save
from tests.benchmarks.process_memory import PeakMemory
from tests.benchmarks.program import SSO_BATCH, audit, run
from tests.support.contexts import Format, run_context

DEFAULT, AT_ONCE = "run, default settings", "run, all at once"
REVIEW, PAGE, WORKBOOK, DIFF = "review", "page", "workbook", "diff"
OPEN, STATUS = "campaign open", "campaign status"

COUNTS = (1, 10, 50, 100, 200)
ROWS = (1_000, 10_000, 100_000, 1_000_000)
FORMATS: tuple[Format, ...] = ("html", "xlsx")
SEVERAL = 20
"""The number of organizations among which the largest number of rows is divided, too."""


def organizations(options: Options, folder: Path) -> Iterator[Figure]:
    """Measure runs of short organizations, with default settings and with all organizations at once."""
    for count in (1, 3) if options.quick else COUNTS:
        world = generate(1, organizations=count, **SHORT)
        for what, settings in (
            (DEFAULT, ""),
            (AT_ONCE, f"\nrun: {{max_parallel_organizations: {count}}}\n"),
        ):
            yield from _report(
                options, [_audit(what, world, settings, folder) for _ in _repetitions(options)]
            )


def rows(options: Options, folder: Path) -> Iterator[Figure]:
    """Measure what is made from the snapshots of one organization, and of 20 with the most rows."""
    sizes = ROWS[:2] if options.quick else ROWS
    for total, count in (*((size, 1) for size in sizes), (sizes[-1], SEVERAL)):
        with tempfile.TemporaryDirectory(dir=folder) as place:
            yield from _rows(options, Path(place), total, count)


def _rows(options: Options, place: Path, total: int, count: int) -> Iterator[Figure]:
    config, size = place / "orgs.yaml", Size.of_rows(total // count)
    config.write_text(f"{configuration(count)}review: {{compare: previous}}\n")
    older = write_run(place, size, organizations=count, earlier=True)
    newer = write_run(place, size, organizations=count)

    def measure(what: str, *command: object) -> Measurement:
        return _measure(what, count, total, *command)

    for what, format_ in ((REVIEW, ""), (PAGE, "html"), (WORKBOOK, "xlsx")):
        command = (sys.executable, "-m", "tests.benchmarks.growth", newer, config, format_)
        yield from _report(options, [measure(what, *command) for _ in _repetitions(options)])
    diff = (*SSO_BATCH, "diff", older, newer, "--format", "csv")
    yield from _report(options, [measure(DIFF, *diff) for _ in _repetitions(options)])
    opened, returned = [], []
    for number in _repetitions(options):
        review = place / f"review-{number}"
        open_ = ("campaign", "open", "--config", config, "--run", newer, "--output", review)
        opened.append(measure(OPEN, *SSO_BATCH, *open_))
        for sheet in review.glob("review_*.csv"):
            sheet.write_bytes(decided_csv(sheet.read_bytes()))
        returned.append(measure(STATUS, *SSO_BATCH, "campaign", "status", review))
        shutil.rmtree(review)
    yield from _report(options, opened)
    yield from _report(options, returned)


def _measure(what: str, organizations_: int, rows_: int, *command: object) -> Measurement:
    """Measure a program that makes no call; raise RuntimeError if it fails."""
    with PeakMemory() as memory:
        ended = run(*command)
    if ended.code:
        raise RuntimeError(f"{what} of {rows_:,} rows: exit code {ended.code}: {ended.stderr[-2000:]}")
    return Measurement(what, organizations_, rows_, ended.seconds, ended.processor, memory.peak, 0, _today())


def _audit(what: str, world: World, settings: str, folder: Path) -> Measurement:
    """Measure a run; raise RuntimeError if it is not complete or its rows are not exact."""
    with emulator_process(world, latency=LATENCY) as aws:
        with PeakMemory() as memory:
            audited = audit(aws, folder, settings)
        calls = aws.measurements().calls.total()
    if (found := exactness(audited, world)) != "rows exact":
        raise RuntimeError(f"{what} of {len(world.organizations)}: {found}: {audited.ended.stderr[-2000:]}")
    return Measurement(
        what,
        len(world.organizations),
        audited.access_paths().total(),
        audited.ended.seconds,
        audited.ended.processor,
        memory.peak,
        calls,
        _today(),
    )


def _report(options: Options, measured: list[Measurement]) -> Iterator[Figure]:
    """Keep the repetitions of one measurement, and yield it as a figure."""
    if not options.quick:
        save(measured)
    (middle,) = medians(measured)
    seconds = ", ".join(f"{each.seconds:.1f} s" for each in measured)
    yield Figure(
        f"{middle.what}: seconds",
        f"organizations: {middle.organizations:,}, rows: {middle.rows:,}",
        tuple(each.seconds for each in measured),
        f"{seconds}; processor {middle.processor:.1f} s, peak memory {middle.peak / 1e6:.0f} MB"
        + (f", {middle.calls:,} calls" if middle.calls else ""),
    )


def _repetitions(options: Options) -> range:
    return range(1 if options.quick else options.repeat)


def _today() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d}"


def _write(folder: Path, config_file: Path, formats: tuple[Format, ...]) -> None:
    """Review a run and write its merged files in `formats`, as the end of a run does; remove them again."""
    manifest = load_manifest(FolderPlace(folder.parent).run(folder.name))
    facts = RunFacts(FileNames(manifest.run_id, manifest.ts), "0" * 64, "complete", ())
    config = load(config_file, {})
    config = config.model_copy(update={"output": config.output.model_copy(update={"formats": formats})})
    writer = MergedFilesWriter(replace(run_context(FolderPlace(folder.parent), facts), config=config))
    writer.write(manifest.outcome.organizations)
    if writer.result.gaps or len(writer.result.files) != len(formats):
        sys.exit(f"not written: {writer.result.gaps}")
    for file in writer.result.files:
        sys.stdout.write(f"{file.name}: {file.bytes:,} bytes\n")
        (folder / file.name).unlink()


if __name__ == "__main__":
    _write(Path(sys.argv[1]), Path(sys.argv[2]), tuple(each for each in FORMATS if each in sys.argv[3:]))
