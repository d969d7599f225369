"""Appends the summary of a run to the page of the GitHub Actions job that ran it."""

from collections.abc import Mapping
from pathlib import Path

from structlog.typing import FilteringBoundLogger

from sso_batch.report.step_summary import render_step_summary
from sso_batch.run_files.results import RunOutcome

VARIABLE = "GITHUB_STEP_SUMMARY"


def append_step_summary(
    environ: Mapping[str, str], outcome: RunOutcome, run_id: str, log: FilteringBoundLogger
) -> None:
    """Append to the file that the environment names, if it names one; trouble with it is only a warning."""
    path = environ.get(VARIABLE)
    if not path:
        return
    try:
        with Path(path).open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(render_step_summary(outcome, run_id))
    except OSError as error:
        log.warning("run.step_summary_failed", run_id=run_id, message=error.strerror or str(error))
