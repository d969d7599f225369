"""A roster's file becomes people, or every problem of the file with its line."""

import csv
import hashlib
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso_batch.review.finding import normalize_address
from sso_batch.review.roster import Person
from sso_batch.review.roster_csv import MAX_PROBLEMS, RosterError, parse_roster

ANN, BOB = Person("ann@example.com"), Person("bob@example.com", is_leaver=True)


def people(text: str | bytes, *, numbers_are_read: bool = True) -> tuple[Person, ...]:
    """Return the people in a file."""
    content = text.encode() if isinstance(text, str) else text
    return parse_roster(content, numbers_are_read=numbers_are_read).people


def problems(text: str | bytes, *, numbers_are_read: bool = True) -> list[str]:
    """Return the problems of a file, as they are shown."""
    with pytest.raises(RosterError) as caught:
        people(text, numbers_are_read=numbers_are_read)
    return [problem.format("hr.csv") for problem in caught.value.problems]


@pytest.mark.parametrize(
    "text",
    [
        "email,status\nann@example.com,active\nbob@example.com,leaver\n",
        "email,status\r\nann@example.com,active\r\nbob@example.com,leaver",
        "email,status\rann@example.com,active\rbob@example.com,leaver\r",
        "\ufeffemail;status\nann@example.com;active\nbob@example.com;leaver\n",
        "Status, E-Mail ,  EMAIL \nACTIVE,x,ann@example.com\nLeaver,y,bob@example.com\n",
        "'email,'status\n'ann@example.com, ' active\n' bob@example.com,leaver \n",
        "\n\nemail;status;;\n;;\nann@example.com;active;;\n\nbob@example.com;leaver\n;;;;;;\n",
        '"email";"na,me,s";"status"\n"ann@example.com";"Lee; Ann";"active"\nbob@example.com;"x\ny";leaver\n',
    ],
    ids=["commas", "CRLF", "CR", "semicolons", "names", "apostrophes", "empty lines", "quotes"],
)
def test_the_same_people(text: str) -> None:
    """Separators, line ends, byte order mark, case, spaces and unknown columns make no difference."""
    assert people(text) == (ANN, BOB)


def test_all_columns() -> None:
    """Every column is read; a cell that a short line lacks is empty."""
    text = "department,manager,employee_number,status,email\nR&D,cy@example.com,'007,active\n"

    roster = parse_roster(text.encode(), numbers_are_read=True)

    assert roster.people == (Person("", "007", manager="cy@example.com", department="R&D"),)
    assert roster.columns == {"department", "manager", "employee_number", "status", "email"}
    assert roster.sha256 == hashlib.sha256(text.encode()).hexdigest()


EMPTY = "the file is empty: write a header line such as `email,status`, and a line for each person"
ONLY_HEADER = "there is only a header: write a header line such as `email,status`, and a line for each person"
NO_STATUS = "the column status is missing: add it, with active or leaver for each person"
NO_IDENTIFIER = "the column email or employee_number is missing: add it to the header line"
STATUS = "status: unknown status: write active or leaver"
QUOTES = 'the quotes in this line are wrong: close each quote, and write a quote in a cell as ""'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [f"hr.csv: {EMPTY}"]),
        ("\ufeff\n \n;;\n", [f"hr.csv: {EMPTY}"]),
        ("email,status\n,\n", [f"hr.csv:1: {ONLY_HEADER}"]),
        ("email\nann@example.com\n", [f"hr.csv:1: {NO_STATUS}"]),
        ("\nname,mail\nAnn,a@x.org\n", [f"hr.csv:2: {NO_IDENTIFIER}", f"hr.csv:2: {NO_STATUS}"]),
        (
            "email,status,Email\na@x.org,active,b@x.org\n",
            ["hr.csv:1: the column email appears twice: rename or remove one"],
        ),
        (
            "email,status\na@x.org,retired\nb@x.org,\nc@x.org\nd@x.org,active\n",
            [f"hr.csv:2: {STATUS}", f"hr.csv:3: {STATUS}", f"hr.csv:4: {STATUS}"],
        ),
        (
            "email,status\na@x.org,active\nb@x.org,active\n A@X.ORG,leaver\n",
            ["hr.csv:4: email: this person is in line 2, too: keep one of the two lines"],
        ),
        (
            "employee_number,email,status\nE7,,active\ne7,b@x.org,active\n,c@x.org,active\n",
            ["hr.csv:3: employee_number: this person is in line 2, too: keep one of the two lines"],
        ),
        (
            "email,status\n,active\n",
            ["hr.csv:2: nothing identifies this person: write the email, or remove the line"],
        ),
        (
            "email,employee_number,status\n,',active\n",
            [
                (
                    "hr.csv:2: nothing identifies this person: "
                    "write the email or employee_number, or remove the line"
                )
            ],
        ),
        (
            "email,status\na@x.org,active,oops\nb@x.org,gone\n",
            [
                "hr.csv:2: 3 cells, but the header has 2: quote cells with separators",
                f"hr.csv:3: {STATUS}",
            ],
        ),
        (
            'email,status\n"a@x.org,gone\n',
            [f"hr.csv:2: {QUOTES}"],
        ),
        (
            'email,status\na@x.org,gone\n"b@x.org"x,active\nc@x.org,gone\n',
            [f"hr.csv:2: {STATUS}", f"hr.csv:3: {QUOTES}"],
        ),
        ('"email,status\n', [f"hr.csv:1: {QUOTES}"]),
        (
            "email,status\nj\u00f6rg@x.org,active\n".encode("latin-1"),
            ["hr.csv:2: the file is not UTF-8: save it as `CSV UTF-8`"],
        ),
        (
            "email,status\n".encode("utf-16"),
            ["hr.csv:1: the file is not UTF-8: save it as `CSV UTF-8`"],
        ),
        (
            "email,status\na@x.org,act\0ive\n",
            [
                (
                    "hr.csv:2: the file contains a NUL byte, as only binary files do: "
                    "export it again as `CSV UTF-8`"
                )
            ],
        ),
    ],
)
def test_each_problem(text: str | bytes, expected: list[str]) -> None:
    """All problems of a file are reported at once, each with its line and what to write."""
    assert problems(text) == expected


def test_lines_count_line_breaks_in_cells() -> None:
    """A line's number is the one that an editor shows, whatever is in the cells before it."""
    text = 'email,note,status\na@x.org,"one\ntwo\n",active\n\nb@x.org,,gone\n'

    assert problems(text) == [f"hr.csv:6: {STATUS}"]


def test_employee_numbers_that_are_not_read() -> None:
    """Without the users' employee numbers, each person needs an email address."""
    assert problems("employee_number,status\n7,active\n", numbers_are_read=False) == [
        (
            "hr.csv:1: there is no column email, and employee numbers are not read: "
            "add the column, or add employee_number to collect.people"
        )
    ]
    text = "employee_number,email,status\n7,,leaver\n8,b@x.org,active\n"
    assert problems(text, numbers_are_read=False) == [
        (
            "hr.csv:2: email: there is no email address, and employee numbers are not read: "
            "write the address, or add employee_number to collect.people"
        )
    ]


def test_no_value_is_repeated() -> None:
    """Problems do not show what a cell contains: it is about a person, and may be an attack."""
    text = "email,status\nsecret@x.org,\x1b[31msecret\nsecret@x.org,secret,secret\nSecret@x.org,secret\n"

    assert not any("secret" in problem.lower() for problem in problems(text))


def test_many_problems() -> None:
    """Problems beyond the first are counted."""
    text = "email,status\n" + "".join(f"{number}@x.org,gone\n" for number in range(MAX_PROBLEMS + 7))

    shown = problems(text)

    assert len(shown) == MAX_PROBLEMS + 1
    assert shown[-1] == "hr.csv: and 7 more problems of this kind"


@given(st.binary() | st.text().map(lambda text: f"email;status\n{text}".encode(errors="replace")))
def test_any_content(content: bytes) -> None:
    """Any content is a roster or a RosterError."""
    try:
        roster = parse_roster(content, numbers_are_read=True)
    except RosterError:
        return
    assert roster.people


CELLS = st.text(st.characters(exclude_categories=("Cc", "Cs", "Z"), exclude_characters="'")).map(
    lambda text: f"{text}@x"
)
PEOPLE = st.lists(
    st.builds(Person, email=CELLS, is_leaver=st.booleans(), manager=CELLS, department=CELLS),
    min_size=1,
    unique_by=lambda person: normalize_address(person.email),
)


@given(PEOPLE, st.sampled_from(",;"))
def test_round_trip(persons: list[Person], separator: str) -> None:
    """What a CSV writer writes is read as it was."""
    file = StringIO()
    writer = csv.writer(file, delimiter=separator)
    writer.writerow(["status", "email", "department", "manager"])
    for person in persons:
        status = "leaver" if person.is_leaver else "active"
        writer.writerow([status, person.email, person.department, person.manager])

    assert people(file.getvalue()) == tuple(persons)
