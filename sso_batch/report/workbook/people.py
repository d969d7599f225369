"""The sheets of administrators and of people."""

from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from sso_batch.privileges.paths import Privilege
from sso_batch.report.report_input import ReportInput
from sso_batch.report.user_access import users_with_access
from sso_batch.report.workbook.book import Book
from sso_batch.report.workbook.cells import UNCHECKED, Cell
from sso_batch.report.workbook.columns import columns
from sso_batch.report.workbook.missing_data import few, incomplete_note, sentences
from sso_batch.report.workbook.people_store import PeopleStore, Person
from sso_batch.report.workbook.table_sheet import TableSheet
from sso_batch.review.snapshot_index import SnapshotIndex

ADMINISTRATOR_TITLES = (
    *("Level", "UserName", "UserEmail", "UserStatus", "Organization", "Accounts"),
    *("Permission sets", "Through", "LastSignIn", "UserId"),
)
PEOPLE_TITLES = (
    *("Name", "Email", "Status", "Organizations", "Users", "Accounts", "Administrator accounts", "Level"),
    *("Permission sets", "Findings", "Last sign-in", "Incomplete"),
)
_JOINED = (
    "One line for each person: users with the same email address are one person, in all organizations and "
    "without regard to case. A user without an address has a line of its own."
)
_SEPARATOR = "; "


@dataclass(frozen=True, slots=True)
class Unread:
    """By organization that was read, what was not read and could add administrators."""

    administrators: Mapping[str, Sequence[str]]


def collect_people(report: ReportInput, store: PeopleStore) -> Generator[bytes, None, Unread]:
    """Add the users of all organizations to the store."""
    findings = Counter(
        (finding.organization, finding.user_id)
        for finding in report.findings
        if finding.user_id and finding.waiver is None
    )
    unread: dict[str, tuple[str, ...]] = {}
    for snapshot in report.snapshots:
        report.checkpoint()
        index = SnapshotIndex(snapshot)
        blind_spots = tuple(spot.what for spot in index.unread_admins())
        unread[snapshot.organization] = blind_spots
        known = snapshot.complete and not any(chain(index.unread_members(), index.unread_grants()))
        for user in users_with_access(index):
            report.checkpoint()
            number = findings[snapshot.organization, user.holder.user_id]
            certain = known and user.reach.level_certain
            store.add(user, findings=number, complete=snapshot.complete, levels_certain=certain)
        yield b""
        del snapshot, index  # free them before the next one is read
    return Unread(unread)


def write_administrators(
    book: Book, report: ReportInput, store: PeopleStore, unread: Unread
) -> Generator[bytes, None, TableSheet]:
    """Write who administers accounts, can become administrator, or decides who has access."""
    uncertain = [name for name, spots in unread.administrators.items() if spots]
    at_least = (
        f"There can be more, and ≥ marks such numbers: not everything was read in {few(uncertain)}. "
        "Summary says what."
        if uncertain
        else ""
    )
    sheet = TableSheet(
        book,
        "Administrators",
        columns(ADMINISTRATOR_TITLES),
        warning=sentences(incomplete_note(report.outcome), at_least),
        note="One line for each user and organization.",
    )
    for user in store.administrators():
        report.checkpoint()
        sheet.write(
            (
                *(user.level.words, user.name, user.email, user.status, user.organization, user.accounts),
                *(_SEPARATOR.join(user.permission_sets), _SEPARATOR.join(user.through)),
                *(user.last_sign_in, user.user_id),
            )
        )
    yield b""
    sheet.finish("There are no administrators in what was read.")
    return sheet


def write_people(book: Book, report: ReportInput, store: PeopleStore) -> Generator[bytes, None, TableSheet]:
    """Write a line for each person over all organizations."""
    sheet = TableSheet(
        book,
        "People",
        columns(PEOPLE_TITLES),
        warning=incomplete_note(report.outcome),
        note=_JOINED,
    )
    for person in store.people():
        report.checkpoint()
        sheet.write(_cells(person, checked=report.checked))
    yield b""
    sheet.finish("There are no users in what was read.")
    return sheet


def _cells(person: Person, *, checked: bool) -> tuple[Cell, ...]:
    return (
        person.name,
        person.email,
        _SEPARATOR.join(person.status),
        _SEPARATOR.join(person.organizations),
        person.users,
        person.accounts,
        person.administered,
        person.level.words if person.level is not Privilege.NONE else "",
        _SEPARATOR.join(person.permission_sets),
        person.findings if checked else UNCHECKED,
        person.last_sign_in,
        _SEPARATOR.join(person.incomplete),
    )
