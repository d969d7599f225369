"""Each fault on a real run, as the documents' table has it: passing it loses nothing, staying it is a gap."""

from pathlib import Path

import pytest

from tests.documents.text import marked
from tests.stress.faults import OTHER, STRUCK, Case, attempt, cases

_OF_ALL = {"a clock that is an hour off", "credentials from an agent that is late"}
_OF_BOTH = _OF_ALL | {
    "a name that DNS does not know",
    "a port where nobody listens",
    "a server that speaks no TLS",
}


def shown() -> dict[str, tuple[str, str]]:
    """The documents' table: by the fault's words, what happened where it passed, and where it stayed."""
    block = marked("docs/explanation/faults.md", "faults")
    lines = [line.strip("| ").split(" | ") for line in block.strip().splitlines()[2:]]
    return {words: (passing, staying) for words, passing, staying in lines}


def named(case: Case) -> str:
    return f"{case.words}{' that passes' * case.passing}"


@pytest.mark.parametrize("case", list(cases()), ids=named)
def test_what_the_table_says_happens(case: Case, tmp_path: Path) -> None:
    """A fault that passes loses nothing; one that stays is a gap, and the other organization is exact."""
    result = attempt(case, tmp_path / "case")

    assert result.told() == shown()[case.words][not case.passing]
    assert all(fault.injected for fault in case.faults)
    assert (result.reports.ended.code == 0) == case.passing
    assert (result.exact == {STRUCK, OTHER}) == case.passing
    assert (OTHER in result.exact) == (case.passing or case.words not in _OF_BOTH)
    assert (result.reports.ended.code == 5) == (case.words in _OF_ALL and not case.passing)


def test_the_table_has_every_case() -> None:
    """No line of the table is without its run."""
    assert set(shown()) == {case.words for case in cases()}
