"""The colours of statuses: red is only for what failed."""

from sso_batch.run_files.results import Status

STYLES = {
    Status.COMPLETE: "green",
    Status.INCOMPLETE: "yellow",
    Status.FAILED: "red",
    Status.INTERRUPTED: "magenta",
}
