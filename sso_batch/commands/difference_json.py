"""The changes between two runs as JSON: the rows of the changes CSV by its names, and each one's author."""

import json
from collections.abc import Iterator

from sso_batch import __version__
from sso_batch.run_files import columns
from sso_batch.run_files.stored_runs import StoredRun
from sso_batch.runner.run_diff import RunDiff

SCHEMA = 1


def document(difference: RunDiff) -> Iterator[str]:
    """Yield the document in parts, so that its size does not matter."""
    head = {
        "schema": SCHEMA,
        "version": __version__,
        "old": _run(difference.old),
        "new": _run(difference.new),
    }
    yield json.dumps(head, indent=2).removesuffix("\n}") + ',\n  "changes": ['
    separator = "\n    "
    for change in difference:
        for holder in change.access.holders:
            cells = columns.row(change.access, holder, difference.people)
            row = {"Change": change.kind, "What": change.what, **dict(cells), "Author": change.author}
            yield separator + json.dumps(row)
            separator = ",\n    "
    yield "\n  ],\n"
    tail = {
        "compared": difference.compared,
        "not_compared": _reasons(difference.not_compared),
        "in_one_run": _reasons(difference.in_one_run),
        "not_examined": _reasons(difference.not_examined),
    }
    yield json.dumps(tail, indent=2).removeprefix("{\n") + "\n"


def _run(run: StoredRun) -> dict[str, str]:
    return {"run_id": run.manifest.run_id, "ts": run.manifest.ts}


def _reasons(named: list[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"organization": name, "reason": reason} for name, reason in named]
