"""The event `run.completed`, on which alerts are based."""

import re
from pathlib import Path

from tests.deployment.cloudwatch import counted
from tests.deployment.manifests import ROOT
from tests.support.audits import Audit
from tests.support.sample_worlds import denying, small


def test_fields(audit: Audit) -> None:
    """The documentation describes exactly the fields of the event."""
    reports = audit(denying(small(), "identitystore:ListUsers"))

    event = reports.ended.events[-1]
    described = re.findall(r"^\| `(\w+)` \|", _section("### run.completed"), re.MULTILINE)
    assert sorted(described) == sorted({*event, "shard", "not_selected"})
    del event["timestamp"], event["seconds"]
    counts = [organization["counts"] for organization in reports.manifest["organizations"]]
    assert event == {
        "event": "run.completed",
        "level": "error",
        "run_id": reports.manifest["run_id"],
        "status": "incomplete",
        "exit_code": 4,
        "resumed": False,
        "audited": 2,
        "rows": sum(count["rows"] for count in counts),
        "findings": {
            severity: sum(count["findings"][severity] for count in counts)
            for severity in ("high", "medium", "low")
        },
        "complete": ["org-1"],
        "not_complete": ["org-0"],
    }


def test_cloudwatch_counts_only_this_event(audit: Audit, tmp_path: Path) -> None:
    """The metric filters count no logged event except run.completed, as complete or not complete."""
    complete = audit(small(1), folder=tmp_path / "complete").ended.events
    incomplete = audit(denying(small(), "identitystore:ListUsers"), folder=tmp_path / "other").ended.events

    assert [counted(event) for event in complete] == [set()] * (len(complete) - 1) + [{"RunsComplete"}]
    assert [counted(event) for event in incomplete] == [set()] * (len(incomplete) - 1) + [{"RunsNotComplete"}]


def test_a_run_of_some_organizations(audit: Audit) -> None:
    """A run that leaves organizations out says so, and CloudWatch does not count it as a complete audit."""
    event = audit(small(), "--only", "org-1").ended.events[-1]

    assert (event["status"], event["not_selected"]) == ("complete", ["org-0"])
    assert counted(event) == set()


def _section(heading: str) -> str:
    """Return the documentation's text under a heading."""
    text = (ROOT / "docs/reference/exit-codes-and-logs.md").read_text().split(f"\n{heading}\n")[1]
    return re.split(r"\n##+ ", text)[0]
