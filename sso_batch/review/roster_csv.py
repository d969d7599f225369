"""The CSV file of a roster, parsed: the people in it, or every problem of the file. Pure.

No problem repeats a value of the file, because its values are about people.
"""

import csv
import hashlib
import re
from collections.abc import Iterable, Iterator
from io import StringIO

from sso_batch.config.problems import Problem
from sso_batch.review.finding import normalize_address
from sso_batch.review.roster import Person, Roster, normalize_number

MAX_PROBLEMS = 100
"""The number of problems that are reported one by one."""

COLUMNS = ("email", "employee_number", "status", "manager", "department")
"""The columns that are read; all others are ignored."""

_QUOTED = re.compile(r'"[^"]*"')
_ACTIVE, _LEAVER = "active", "leaver"
_HEADER = "a header line such as `email,status`, and a line for each person"

Row = tuple[int, list[str]]
"""The number of a line and its cells."""


class RosterError(Exception):
    """The problems of a file, each with its line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(f"problems of the roster: {len(self.problems)}")


def parse_roster(content: bytes, *, numbers_are_read: bool) -> Roster:
    """Return the roster; raise RosterError with every problem of the file.

    `numbers_are_read` is whether the run reads the employee numbers of users.
    """
    rows = _rows(_decode(content))
    header = next(rows, None)
    if header is None:
        raise _error(0, f"the file is empty: write {_HEADER}")
    columns = _columns(*header, numbers_are_read=numbers_are_read)
    people = _People(len(header[1]), columns, numbers_are_read=numbers_are_read)
    try:
        for line, cells in rows:
            people.add(line, cells)
    except RosterError as error:
        people.problems += error.problems
    if not people.people and not people.problems:
        raise _error(header[0], f"there is only a header: write {_HEADER}")
    if people.problems:
        raise RosterError(_first(people.problems))
    return Roster(tuple(people.people), frozenset(columns), hashlib.sha256(content).hexdigest())


class _People:
    """The people of a file, each person once, and the problems of their lines."""

    def __init__(self, width: int, columns: dict[str, int], *, numbers_are_read: bool) -> None:
        self.people: list[Person] = []
        self.problems: list[Problem] = []
        self._width = width
        self._columns = columns
        self._numbers_are_read = numbers_are_read
        self._lines: dict[tuple[str, str], int] = {}
        """By column and normalized value, the line of the person who has it."""

    def add(self, line: int, cells: list[str]) -> None:
        """Add the person of one line, or the problems of the line."""
        if any(cells[self._width :]):
            text = f"{len(cells)} cells, but the header has {self._width}: quote cells with separators"
            self.problems.append(Problem(line, "", text))
            return
        values = {
            name: cells[number] if number < len(cells) else "" for name, number in self._columns.items()
        }
        status = values.pop("status").casefold()
        if status not in {_ACTIVE, _LEAVER}:
            self.problems.append(Problem(line, "status", f"unknown status: write {_ACTIVE} or {_LEAVER}"))
        person = Person(is_leaver=status == _LEAVER, **values)
        self.people.append(person)
        self._identify(line, person)

    def _identify(self, line: int, person: Person) -> None:
        """Add a problem if the person cannot be found in a directory, or has a line already."""
        if not person.email and not person.employee_number:
            names = " or ".join(name for name in COLUMNS[:2] if name in self._columns)
            text = f"nothing identifies this person: write the {names}, or remove the line"
            self.problems.append(Problem(line, "", text))
        elif not person.email and not self._numbers_are_read:
            text = (
                "there is no email address, and employee numbers are not read: "
                "write the address, or add employee_number to collect.people"
            )
            self.problems.append(Problem(line, "email", text))
        for column, value in (
            ("email", normalize_address(person.email)),
            ("employee_number", normalize_number(person.employee_number)),
        ):
            first = self._lines.setdefault((column, value), line)
            if value and first != line:
                text = f"this person is in line {first}, too: keep one of the two lines"
                self.problems.append(Problem(line, column, text))


def _decode(content: bytes) -> str:
    """Return the text of the file."""
    nul = content.find(b"\0")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        start = error.start if nul < 0 else min(error.start, nul)
        raise _error(_line(content, start), "the file is not UTF-8: save it as `CSV UTF-8`") from None
    if nul >= 0:
        text = "the file contains a NUL byte, as only binary files do: export it again as `CSV UTF-8`"
        raise _error(_line(content, nul), text)
    return text


def _line(content: bytes, position: int) -> int:
    return content.count(b"\n", 0, position) + 1


def _rows(text: str) -> Iterator[Row]:
    """Yield the lines that are not empty, without the spaces and apostrophes of spreadsheets.

    Raises RosterError at a line whose quotes are wrong; what follows it cannot be understood.
    """
    header = _QUOTED.sub("", next((line for line in text.splitlines() if line.strip()), ""))
    separator = ";" if header.count(";") > header.count(",") else ","
    reader = csv.reader(StringIO(text, newline=""), delimiter=separator, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = [_clean(cell) for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error:
            remedy = 'close each quote, and write a quote in a cell as ""'
            raise _error(line, f"the quotes in this line are wrong: {remedy}") from None
        if any(cells):
            yield line, cells


def _clean(cell: str) -> str:
    """Return a cell without surrounding spaces, and without the apostrophe that marks text in Excel."""
    return cell.strip().removeprefix("'").strip()


def _columns(line: int, header: list[str], *, numbers_are_read: bool) -> dict[str, int]:
    """Return the position of each column that is read; raise RosterError if one is missing or twice."""
    names = [name.casefold() for name in header]
    columns = {name: names.index(name) for name in COLUMNS if name in names}
    problems = [
        f"the column {name} appears twice: rename or remove one" for name in columns if names.count(name) > 1
    ]
    if "email" not in columns and "employee_number" not in columns:
        problems.append("the column email or employee_number is missing: add it to the header line")
    elif "email" not in columns and not numbers_are_read:
        problems.append(
            "there is no column email, and employee numbers are not read: "
            "add the column, or add employee_number to collect.people"
        )
    if "status" not in columns:
        problems.append(f"the column status is missing: add it, with {_ACTIVE} or {_LEAVER} for each person")
    if problems:
        raise RosterError(Problem(line, "", text) for text in problems)
    return columns


def _first(problems: list[Problem]) -> list[Problem]:
    """Return the first problems, and how many there are beyond them."""
    if len(problems) <= MAX_PROBLEMS:
        return problems
    more = len(problems) - MAX_PROBLEMS
    return [*problems[:MAX_PROBLEMS], Problem(0, "", f"and {more:,} more problems of this kind")]


def _error(line: int, text: str) -> RosterError:
    return RosterError([Problem(line, "", text)])
