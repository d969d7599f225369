"""The notice of a run: what it contains, what it never contains, and its size."""

import json
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso_batch import __version__
from sso_batch.model import EndpointOverride
from sso_batch.report.notice import MAX_MESSAGE_BYTES, build_notice
from sso_batch.run_files.file_names import FileNames
from sso_batch.run_files.results import Counts, Status
from sso_batch.run_files.run import RunFacts
from tests.support.records import gap, outcome, run_outcome

SNS_LIMIT = 262_144
FACTS = RunFacts(FileNames("nightly-7", "20260304_050607"), "c0ffee", "complete", not_selected=())
MANIFEST = "s3://audits/nightly/manifest.json"


def test_incomplete() -> None:
    """The document has each organization with its gaps by operation and code, without AWS's messages."""
    run = run_outcome(
        outcome("acme", counts=Counts(2, 1, 3, 1, 4, 1, 8, 1)),
        outcome(
            "globex",
            Status.INCOMPLETE,
            counts=Counts(5, 0, 1, 1, 1, 0, 2, 0),
            gaps=(gap("1"), gap("2"), gap("Ann Lee", operation="ListUsers", message="Ann Lee")),
            endpoint_overrides=(EndpointOverride("sts", "http://127.0.0.1:1"),),
        ),
    )

    result = build_notice(FACTS, run, manifest=MANIFEST)

    assert result.subject == "sso-batch incomplete: 1 of 2 organizations, run nightly-7"
    assert json.loads(result.message) == {
        "schema": 1,
        "version": __version__,
        "run_id": "nightly-7",
        "status": "incomplete",
        "exit_code": 4,
        "started_at": "2026-03-04T05:06:07+00:00",
        "finished_at": "2026-03-04T05:07:08+00:00",
        "manifest": MANIFEST,
        "gaps": [],
        "endpoint_overrides": ["sts=http://127.0.0.1:1"],
        "organizations_by_status": {"complete": 1, "incomplete": 1},
        "counts": {
            "users": 7,
            "groups": 1,
            "accounts": 4,
            "permission_sets": 2,
            "assignments": 5,
            "entitlements": 1,
            "rows": 10,
            "orphaned": 1,
        },
        "findings": {"high": 0, "medium": 0, "low": 0},
        "findings_certain": False,
        "organizations": [
            {"name": "acme", "status": "complete", "rows": 8, "gaps": []},
            {
                "name": "globex",
                "status": "incomplete",
                "rows": 2,
                "gaps": [
                    {"operation": "ListAccountAssignments", "code": "AccessDeniedException", "count": 2},
                    {"operation": "ListUsers", "code": "AccessDeniedException", "count": 1},
                ],
            },
        ],
        "organizations_left_out": 0,
    }


def test_missing_manifest() -> None:
    """A manifest that could not be written is not named."""
    result = build_notice(
        FACTS,
        run_outcome(outcome(), gaps=(gap("nightly", operation="merge"),), manifest_written=False),
        manifest=None,
    )

    assert json.loads(result.message)["manifest"] is None
    assert json.loads(result.message)["status"] == "incomplete"


def test_gaps_of_the_run() -> None:
    """Gaps of the run itself are in the subject, and in the message by operation and code."""
    own = gap("nightly-7", operation="merge", code="ENOSPC")

    result = build_notice(FACTS, run_outcome(outcome(), gaps=(own,)), manifest=MANIFEST)

    assert result.subject == "sso-batch incomplete: 1 of 1 organizations, merge ENOSPC, run nightly-7"
    assert json.loads(result.message)["gaps"] == [{"operation": "merge", "code": "ENOSPC", "count": 1}]


def test_size_limit() -> None:
    """Organizations that do not fit are counted; complete ones are left out before others."""
    gaps = tuple(gap(code=f"Code{number}") for number in range(20))
    run = run_outcome(
        *(outcome(f"whole-{number}") for number in range(4000)),
        *(outcome(f"broken-{number}", Status.INCOMPLETE, gaps=gaps) for number in range(100)),
    )

    message = build_notice(FACTS, run, manifest=MANIFEST).message

    assert MAX_MESSAGE_BYTES - 200 < len(message.encode()) <= MAX_MESSAGE_BYTES < SNS_LIMIT
    document = json.loads(message)
    names = [organization["name"] for organization in document["organizations"]]
    assert names[-100:] == [f"broken-{number}" for number in range(100)]
    assert names[:-100] == [f"whole-{number}" for number in range(len(names) - 100)]
    assert len(names) + document["organizations_left_out"] == 4100


@pytest.mark.parametrize("organizations", [1, 5000])
@pytest.mark.parametrize("run_id", ["a", "a" * 63])
def test_subject(organizations: int, run_id: str) -> None:
    """A subject is one line of fewer than 100 ASCII characters for any run id."""
    facts = RunFacts(FileNames(run_id, "20260304_050607"), "c0ffee", "complete", not_selected=())
    run = run_outcome(*(outcome(f"org-{number}") for number in range(organizations)))

    subject = build_notice(facts, run, manifest=None).subject

    assert subject.isascii()
    assert subject.isprintable()
    assert len(subject) < 100
    assert subject.startswith(f"sso-batch complete: {organizations} of {organizations} organizations, run a")


@given(st.lists(st.text(max_size=60), max_size=5))
def test_hostile_codes(codes: list[str]) -> None:
    """For any codes, the message is ASCII and can be read back."""
    numbers = count()
    run = run_outcome(
        *(
            outcome(f"org-{next(numbers)}", Status.FAILED, gaps=(gap(code, code=code, message=code),))
            for code in codes
        )
    )

    message = build_notice(FACTS, run, manifest=MANIFEST).message

    organizations = json.loads(message.encode("ascii"))["organizations"]
    assert [organization["gaps"][0]["code"] for organization in organizations] == codes
