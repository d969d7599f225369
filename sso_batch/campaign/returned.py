"""The sheets of a campaign as they came back: what every reviewer decided, and what is wrong in them."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePath
from tempfile import SpooledTemporaryFile
from typing import IO

from sso_batch.campaign import file_names
from sso_batch.campaign.csv_files import read_items
from sso_batch.campaign.decisions import Decided
from sso_batch.campaign.item import Item
from sso_batch.campaign.record import CampaignError, CampaignRecord, File, Reviewer, read_campaign
from sso_batch.campaign.sheets.reading import MAX_BYTES, SheetFileError, read_csv, read_workbook
from sso_batch.campaign.sheets.rows import (
    Entry,
    Problems,
    Rules,
    SheetProblem,
    SheetReader,
    difference,
    quoted,
)
from sso_batch.errors import UsageError
from sso_batch.run_files.verification import FileChangedError, FileState, read_verified
from sso_batch.store import Checksum, Store, StoredFile, decode_lines

__all__ = [
    "Returned",
    "ReturnedFile",
    "SheetProblem",
    "load_campaign",
    "read_population",
    "read_returned",
]

_IN_MEMORY = 8_000_000  # bytes of a file that is read
_CSV = ".csv"
_SHEETS = frozenset({_CSV, ".xlsx", ".xlsm", ".xls", ".ods", ".txt", ".tsv"})
_LOCKS = ("~$", ".~lock.")  # of open spreadsheets


@dataclass(frozen=True, slots=True)
class ReturnedFile:
    """A sheet as it is now; it is `changed` if its bytes are not those that were written."""

    name: str
    sha256: str
    modified: datetime
    changed: bool


@dataclass(frozen=True, slots=True)
class Returned:
    """What one reviewer decided, by item, and the problems of the sheets.

    `decisions` has only items for which something was filled in, and whose rows have no problem.
    """

    reviewer: Reviewer
    files: tuple[ReturnedFile, ...]
    decisions: Mapping[str, Decided]
    problems: tuple[SheetProblem, ...]


def load_campaign(store: Store) -> CampaignRecord:
    """Return the record of the campaign in a folder; raise UsageError if there is none, or OSError."""
    try:
        content = b"".join(store.read(file_names.CAMPAIGN))
    except FileNotFoundError:
        raise UsageError(
            f"{store.name} contains no {file_names.CAMPAIGN}",
            hint="pass the folder that `sso-batch campaign open` wrote, or s3://bucket/prefix",
        ) from None
    return read_campaign(content, f"{store.name}/{file_names.CAMPAIGN}")


def read_population(store: Store, record: CampaignRecord) -> dict[str, Item]:
    """Return the items of a campaign by their ids; raise CampaignError for a changed file, or OSError."""
    lines = decode_lines(read_verified(store, record.population.entry))
    try:
        items = read_items(lines, people=record.people, escaped=record.escape_formulas)
        return {item.id: item for item in items}
    except FileChangedError as error:
        missing = error.state is FileState.MISSING
        raise _changed_population(store, "is missing" if missing else "was changed") from error
    except (ValueError, csv.Error) as error:  # a UnicodeDecodeError is a ValueError
        raise _changed_population(store, "was changed") from error


def read_returned(store: Store, record: CampaignRecord, items: Mapping[str, Item]) -> Iterator[Returned]:
    """Yield what came back of one reviewer after the other, in the order of the record; raise OSError."""
    present = {file.name: file for file in store.stored() if not file.unpublished}
    own: dict[str, dict[str, Item]] = {reviewer.address: {} for reviewer in record.reviewers}
    for item in items.values():
        own.setdefault(item.reviewer, {})[item.id] = item
    misnamed = _misnamed(present, record.reviewers)
    for reviewer in record.reviewers:
        rules = Rules(
            reviewer=reviewer.address,
            own=own[reviewer.address],
            items=items,
            people=record.people,
            require_comment=record.require_comment,
            first_day=record.opened_at.astimezone(UTC).date(),
        )
        yield _read_reviewer(store, reviewer, rules, present, misnamed.get(reviewer.address, ()))


def _read_reviewer(
    store: Store,
    reviewer: Reviewer,
    rules: Rules,
    present: Mapping[str, StoredFile],
    misnamed: Iterable[str],
) -> Returned:
    problems = Problems()
    files = []
    readers = []
    for written in reviewer.files:
        stored = present.get(written.name)
        if stored is None:
            continue
        with SpooledTemporaryFile(_IN_MEMORY) as content:
            limit = MAX_BYTES[_extension(written.name)]
            checked = Checksum()
            for chunk in store.read(written.name):
                checked.update(chunk)
                if checked.bytes <= limit:
                    content.write(chunk)
            changed = checked.sha256 != written.sha256
            files.append(ReturnedFile(written.name, checked.sha256, stored.modified, changed))
            if changed:
                content.seek(0)
                reader = SheetReader(written.name, rules, problems)
                _read_file(content, reader, is_too_large=checked.bytes > limit)
                readers.append(reader)
    if not files:
        names = " and ".join(file.name for file in reviewer.files)
        text = f"the sheet is missing ({names}): put it back"
        problems.add(SheetProblem(reviewer.files[0].name, "", 0, "", text))
    for name in misnamed:
        text = f"the file is not read: rename it to {_expected(reviewer.files)}, or remove it"
        problems.add(SheetProblem(name, "", 0, "", text))
    return Returned(reviewer, tuple(files), _merged(readers, problems), problems.finish())


def _read_file(content: IO[bytes], reader: SheetReader, *, is_too_large: bool) -> None:
    extension = _extension(reader.file)
    if is_too_large:
        limit = f"{MAX_BYTES[extension] // 1_000_000} MB"
        reader.fail(0, f"the file is larger than {limit}: remove what was added, and save it again")
        return
    try:
        if extension == _CSV:
            reader.read("", read_csv(content, reader.rules.score))
        else:
            for sheet, rows in read_workbook(content):
                reader.read(sheet, rows)
    except SheetFileError as error:
        reader.fail(error.row, error.message)
    reader.finish()


def _merged(readers: list[SheetReader], problems: Problems) -> Mapping[str, Decided]:
    """Return the decisions on which all changed files agree."""
    decisions: dict[str, Decided] = {}
    refused: set[str] = set()
    first: dict[str, tuple[SheetReader, Entry]] = {}
    for reader in readers:
        for item_id, entry in reader.entries.items():
            if not entry.sound:
                refused.add(item_id)
                continue
            before, other = first.setdefault(item_id, (reader, entry))
            if item_id in refused:
                continue
            if different := difference(entry.decided, other.decided):
                column, here, there = different
                text = (
                    f"{quoted(here)}, but {quoted(there)} in {before.file}, {other.place}: "
                    "write the same in both, or remove the file that is out of date"
                )
                problems.add(SheetProblem(reader.file, entry.sheet, entry.row, column, text))
                refused.add(item_id)
            decisions[item_id] = other.decided
    return {id_: decided for id_, decided in decisions.items() if decided and id_ not in refused}


def _misnamed(present: Iterable[str], reviewers: Iterable[Reviewer]) -> Mapping[str, list[str]]:
    """Return by reviewer the files that look like a sheet under another name, such as `review_x (1).xlsx`."""
    stems = {}
    expected: set[str] = set()
    for reviewer in reviewers:
        expected.update(file.name for file in reviewer.files)
        stems[PurePath(reviewer.files[0].name).stem.casefold()] = reviewer.address
    by_length = sorted(stems, key=len, reverse=True)
    found: dict[str, list[str]] = {}
    for name in sorted(present):
        if name in expected or "/" in name or name.startswith(_LOCKS) or _extension(name) not in _SHEETS:
            continue
        stem = next((stem for stem in by_length if name.casefold().startswith(stem)), None)
        if stem is not None:
            found.setdefault(stems[stem], []).append(name)
    return found


def _expected(files: Iterable[File]) -> str:
    return " or ".join(file.name for file in files)


def _extension(name: str) -> str:
    return PurePath(name).suffix.lower()


def _changed_population(store: Store, what: str) -> CampaignError:
    return CampaignError(
        f"{store.name}/{file_names.POPULATION} {what}",
        hint="restore the file that `sso-batch campaign open` wrote: decisions are compared with it",
    )
