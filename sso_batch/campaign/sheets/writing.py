"""Writes the population and the sheets of a new campaign, as drafts that are published together."""

import contextlib
import importlib.util
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from operator import attrgetter
from pathlib import Path
from tempfile import TemporaryDirectory

from sso_batch.campaign import file_names
from sso_batch.campaign.csv_files import BOM, ItemLines, decision_line, decisions_header
from sso_batch.campaign.decisions import Decided
from sso_batch.campaign.item import Item
from sso_batch.campaign.record import File, Reviewer
from sso_batch.campaign.sheets.facts import SheetFacts
from sso_batch.machine import usable_cpus
from sso_batch.store import Draft, FileEntry, FileKind, Store
from sso_batch.worker_processes import WorkerProcesses

_CHUNK = 1 << 20
_ITEMS_PER_WRITE = 1_000
_MOST_PROCESSES = 3  # each needs 50 MB
_ITEMS_PER_PROCESS = 3_000
"""A process that renders fewer items takes longer to start than it saves."""


@dataclass(frozen=True, slots=True)
class _Sheet:
    """The sheet of a reviewer in CSV, and a function that waits for its workbook and returns the path."""

    reviewer: str
    csv: FileEntry
    workbook: Callable[[], Path] | None


class SheetFiles:
    """Writes files as drafts that are deleted when `stack` is left, unless they are published."""

    def __init__(self, store: Store, stack: contextlib.ExitStack, facts: SheetFacts) -> None:
        self.drafts: list[Draft] = []
        self.population = FileEntry("", FileKind.OTHER, "", 0, 0)
        self.out_of_scope: FileEntry | None = None
        self._store = store
        self._stack = stack
        self._facts = facts

    def write(self, items: Sequence[Item]) -> Sequence[Reviewer]:
        """Write all files; return the reviewers with theirs. Items of one reviewer must be together."""
        with WorkerProcesses(_processes(len(items))) as workers, TemporaryDirectory() as folder:
            render = _renderer(self._facts, Path(folder), workers)
            sheets = self._write_csv(items, render)
            return [
                Reviewer(
                    address=sheet.reviewer,
                    items=sheet.csv.rows,
                    files=tuple(map(File.of, self._with_workbook(sheet))),
                )
                for sheet in sheets
            ]

    def write_out_of_scope(self, decided: Iterable[tuple[Item, Decided]]) -> None:
        """Write the items that nobody has to decide."""
        people = self._facts.people
        lines = ItemLines(people, escape=self._facts.escape_formulas)
        draft = self._draft(file_names.OUT_OF_SCOPE)
        draft.write(decisions_header(lines, people).encode())
        for item, before in decided:
            draft.write(decision_line(lines, people, item, before).encode())
            draft.rows += 1
        self.out_of_scope = draft.close()

    def _write_csv(self, items: Sequence[Item], render: "_Render") -> list[_Sheet]:
        lines = ItemLines(self._facts.people, escape=self._facts.escape_formulas)
        names = file_names.sheet_names(dict.fromkeys(item.reviewer for item in items))
        population = self._draft(file_names.POPULATION)
        population.write(lines.population_header.encode())
        sheets = []
        for reviewer, own in groupby(items, attrgetter("reviewer")):
            sheet = self._draft(f"{names[reviewer]}.csv")
            sheet.write(f"{BOM}{lines.sheet_header}".encode())
            while batch := [lines.lines(item) for item in islice(own, _ITEMS_PER_WRITE)]:
                population.write("".join([line for line, _ in batch]).encode())
                sheet.write("".join([line for _, line in batch]).encode())
                sheet.rows += len(batch)
            population.rows += sheet.rows
            sheets.append(_Sheet(reviewer, sheet.close(), render(reviewer, sheet.path)))
        self.population = population.close()
        return sheets

    def _with_workbook(self, sheet: _Sheet) -> Iterator[FileEntry]:
        """Yield the entries of a reviewer's files; copy the workbook into a draft."""
        yield sheet.csv
        if sheet.workbook is None:
            return
        path = sheet.workbook()
        draft = self._draft(f"{sheet.csv.name.removesuffix('.csv')}.xlsx")
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                draft.write(chunk)
        path.unlink()
        draft.rows = sheet.csv.rows
        yield draft.close()

    def _draft(self, name: str) -> Draft:
        draft = self._stack.enter_context(self._store.draft(name))
        self.drafts.append(draft)
        return draft


_Render = Callable[[str, Path], Callable[[], Path] | None]
"""Starts to render the workbook of a reviewer from the sheet in CSV."""


def _processes(items: int) -> int:
    return min(usable_cpus(), _MOST_PROCESSES, items // _ITEMS_PER_PROCESS)


def _renderer(facts: SheetFacts, folder: Path, workers: WorkerProcesses) -> _Render:
    """Return what renders workbooks into a folder; without xlsxwriter, it renders none."""
    if importlib.util.find_spec("xlsxwriter") is None:
        return lambda _reviewer, _sheet: None
    from sso_batch.campaign.sheets.workbook import write_workbook  # noqa: PLC0415 - optional

    return lambda reviewer, sheet: workers.submit(write_workbook, facts, reviewer, sheet, folder)
