"""A worker process that cannot begin: the log says why, and the exit code whether that is a bug."""

import json
import os
import sys
from collections.abc import Callable
from multiprocessing import Pipe

import pytest

from sso_batch.commands import audit_worker
from sso_batch.config import Config, Organization, Output
from sso_batch.errors import OutputError
from sso_batch.logs import LogSettings
from sso_batch.run_files.file_names import FileNames
from sso_batch.run_files.run import RunFacts
from sso_batch.runner.worker_messages import Begin, LogText
from tests.support.records import STARTED

FACTS = RunFacts(FileNames("r-1", "20260304_050607"), "c0ffee", "complete", ())


def refuse(output: Output, _stop: object) -> None:
    """Find the output place unusable."""
    raise OutputError(f"{output.directory} does not answer", hint="try again")


def break_down(_output: Output, _stop: object) -> None:
    """Raise what nobody expects."""
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("open_place", "event", "code"), [(refuse, "worker.failed", 2), (break_down, "worker.bug", 1)]
)
def test_worker_that_cannot_begin(
    monkeypatch: pytest.MonkeyPatch, open_place: Callable[[Output, object], None], event: str, code: int
) -> None:
    """An error with a message is logged with it; any other one is a bug."""
    monkeypatch.setattr(audit_worker, "open_place", open_place)
    monkeypatch.setattr(os, "_exit", sys.exit)
    run, worker = Pipe()
    config = Config(organizations=(Organization(name="acme"),))
    run.send(Begin(config, FACTS, STARTED, None, LogSettings(), is_terminal=False))

    with pytest.raises(SystemExit) as ended:
        audit_worker.audit_worker(worker)

    message = run.recv()
    assert isinstance(message, LogText)
    logged = json.loads(message.text)
    assert (logged["event"], logged["run_id"], ended.value.code) == (event, "r-1", code)
    run.close()
    worker.close()
