"""The summary of a run on the page of its GitHub Actions job."""

from collections.abc import Mapping
from pathlib import Path

from structlog.typing import FilteringBoundLogger

from sso_batch.report.step_summary import render_step_summary
from sso_batch.run_files.results import RunOutcome

VARIABLE = "GITHUB_STEP_SUMMARY"


def append_step_summary(
    environ: Mapping[str, str], outcome: RunOutcome, run_id: str, log: FilteringBoundLogger
) -> None:
    """Append the summary to the file named by GITHUB_STEP_SUMMARY, if set; an error is only a warning."""
    path = environ.get(VARIABLE)
    if not path:
        return
    try:
        with Path(path).open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(render_step_summary(outcome, run_id))
    except OSError as error:
        log.warning("run.step_summary_failed", run_id=run_id, message=error.strerror or str(error))
