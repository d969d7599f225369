"""`sso-batch campaign prove`: whether a later run shows that the revocations were carried out."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from rich.console import RenderableType
from rich.text import Text

from sso_batch.campaign import file_names
from sso_batch.campaign.closed import Closed, load_closed
from sso_batch.campaign.proof import ProvedItem, Result
from sso_batch.campaign.proof_files import earlier_proofs, publish_proof
from sso_batch.campaign.proof_record import RESULTS
from sso_batch.campaign.proving import Proving
from sso_batch.commands.campaign_folder import campaign_errors, open_campaign_folder
from sso_batch.commands.run_location import finished_run
from sso_batch.commands.storage import open_place, output_named
from sso_batch.console.rows import Rows
from sso_batch.console.terminal import Terminal
from sso_batch.exit_codes import ExitCode
from sso_batch.run_files.stored_runs import StoredRun, newest_first
from sso_batch.sanitize import escape_terminal

_SHOWN = 200  # rows of the table
_HEADINGS = ("Result", "Who", "Access", "Organization", "Detail")


def campaign_prove_command(terminal: Terminal, location: str, run: str) -> int:
    """Prove a closed campaign with a run, print the result, and return the exit code; raise UsageError."""
    store = open_campaign_folder(location)
    later = finished_run(run)
    with campaign_errors(store):
        closed = load_closed(store)
        proving = Proving(closed, later, _Between(closed, later), tuple(earlier_proofs(store, closed, later)))
        results = tuple(proving.results())
        name, _ = publish_proof(store, closed, later, results, proved_at=datetime.now(UTC))
    ordered = sorted(results, key=lambda each: RESULTS.index(each.result.value))
    terminal.print(_report(ordered, later.manifest.run_id))
    if undecided := closed.signoff.totals.undecided:
        terminal.say([f"The campaign was closed before {undecided:,} of its items had a decision"])
    terminal.say([f"Files in {location}: {file_names.proof(name, 'csv')}, .json and .html"])
    return exit_code(results)


def exit_code(results: Sequence[ProvedItem]) -> int:
    """Return 3 if access is still there, 4 if the run does not say of some, else 0."""
    found = {each.result for each in results}
    if found & {Result.STILL_THERE, Result.CAME_BACK, Result.REACHABLE_OTHERWISE}:
        return ExitCode.FINDINGS
    return ExitCode.INCOMPLETE if Result.NOT_READ in found else ExitCode.OK


class _Between:
    """The readable runs of the later run's output place that started between it and the reviewed run.

    They are looked up at each iteration, the newest first.
    """

    def __init__(self, closed: Closed, later: StoredRun) -> None:
        self._first = closed.record.run.ts
        self._last = later.manifest.ts
        folder = later.store.name
        parent = folder.rstrip("/").rpartition("/")[0]
        self._place = parent or ("/" if folder.startswith("/") else ".")

    def __iter__(self) -> Iterator[StoredRun]:
        place = open_place(output_named(self._place))
        for run in newest_first(place, lambda run: self._first < run.ts < self._last):
            if isinstance(run, StoredRun):
                yield run


def _report(results: Sequence[ProvedItem], run_id: str) -> Iterator[RenderableType]:
    rows = [tuple(map(escape_terminal, _cells(each))) for each in results[:_SHOWN]]
    if rows:
        yield Rows(_HEADINGS, rows, style=lambda row: "" if row[0] == Result.GONE.words else "bold")
    if len(results) > _SHOWN:
        yield Text(f"{len(results) - _SHOWN:,} more are not shown: see the CSV file")
    counts = Counter(each.result for each in results)
    numbers = ", ".join(
        f"{counts[result]:,} {result.words}" for result in map(Result, RESULTS) if counts[result]
    )
    yield Text(
        f"{len(results):,} revocations in run {escape_terminal(run_id)}: {numbers or 'nothing to prove'}"
    )


def _cells(proved: ProvedItem) -> tuple[str, ...]:
    item = proved.item
    access = f"{item.what} in {item.where}"
    return proved.result.words, item.who, access, item.organization, proved.detail
