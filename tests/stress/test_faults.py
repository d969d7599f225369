"""Tests of each fault in a real run, compared with the table in docs/explanation/faults.md."""

from pathlib import Path

import pytest

from tests.documents.text import marked
from tests.stress.faults import AFFECTED, OTHER, Case, cases, run_case

_FAIL_EVERYTHING = {"a clock that is an hour off", "a failing container agent for credentials"}
_AFFECT_BOTH = _FAIL_EVERYTHING | {
    "a host name that DNS cannot resolve",
    "a closed port",
    "a server without TLS",
}


def documented() -> dict[str, tuple[str, str]]:
    """Return the documented results of temporary and permanent faults, by description."""
    block = marked("docs/explanation/faults.md", "faults")
    lines = [line.strip("| ").split(" | ") for line in block.strip().splitlines()[2:]]
    return {description: (temporary, permanent) for description, temporary, permanent in lines}


def case_id(case: Case) -> str:
    return f"{'temporary' if case.temporary else 'permanent'}: {case.description}"


@pytest.mark.parametrize("case", list(cases()), ids=case_id)
def test_the_documented_result(case: Case, tmp_path: Path) -> None:
    """A temporary fault loses nothing; a permanent one is a gap, and the other organization is exact."""
    result = run_case(case, tmp_path / "case")

    assert result.describe() == documented()[case.description][not case.temporary]
    assert all(fault.injected for fault in case.faults)
    assert (result.reports.ended.code == 0) == case.temporary
    assert (result.exact == {AFFECTED, OTHER}) == case.temporary
    assert (OTHER in result.exact) == (case.temporary or case.description not in _AFFECT_BOTH)
    assert (result.reports.ended.code == 5) == (not case.temporary and case.description in _FAIL_EVERYTHING)


def test_the_table_has_every_case() -> None:
    """The table has exactly the tested cases."""
    assert set(documented()) == {case.description for case in cases()}
