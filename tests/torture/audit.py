"""The audit of a trial: the real `run` command in this process, against an emulator of its own."""

import contextlib
import io
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import patch

from sso_batch.aws import connection, gateway
from sso_batch.aws.bucket import Bucket
from sso_batch.commands.run import RunOptions, run_command
from sso_batch.commands.terminal import Terminal
from sso_batch.demo import Emulator, Limits, configuration
from tests.end_to_end.command import Ended
from tests.end_to_end.reports import Reports
from tests.torture.trial import Trial

_PATIENT = 60.0
_IMPATIENT = 0.1
_TIME_OUT = 0.1


def audit(trial: Trial, folder: Path) -> Reports:
    """Run the audit of a trial into `folder`, which is made; give what it left."""
    reports = folder / "reports"
    file = folder / "orgs.yaml"
    folder.mkdir(parents=True)
    file.write_text(configuration(trial.world, directory=str(reports)) + trial.settings)
    emulator = Emulator(
        trial.world,
        limits=Limits.off(),
        behaviour=trial.behaviour,
        faults=trial.faults,
        seed=trial.seed,
    )
    hangs = any(fault.kind == "hang" for fault in trial.faults)
    with (
        hurried(
            give_up=_IMPATIENT if trial.mood == "breaking" else _PATIENT,
            time_out=_TIME_OUT if hangs else None,
        ),
        emulator,
    ):
        ended = run(file, emulator.environment(), home=folder)
    return Reports(reports, ended, emulator.calls)


def run(file: Path, environ: dict[str, str], *, home: Path) -> Ended:
    """`sso-batch --log-format json run`, on a machine that knows no other AWS."""
    isolated = {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(home),
        "AWS_CONFIG_FILE": str(home / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(home / "none"),
    }
    said = io.StringIO()
    with patch.dict(os.environ, isolated | environ, clear=True), contextlib.redirect_stderr(said):
        code = run_command(Terminal(log_format="json"), os.environ, file, RunOptions())
    return Ended(code, "", said.getvalue())


@contextlib.contextmanager
def hurried(*, give_up: float, time_out: float | None = None) -> Iterator[None]:
    """No pace, since the emulator has no limits here; short pauses, tries and listings."""
    with ExitStack() as stack:
        for what, name, value in (
            (Bucket, "take", lambda _bucket, _now: 0.0),
            (gateway, "FIRST_PAUSE", 0.001),
            (gateway, "LONGEST_PAUSE", 0.05),
            (gateway, "GIVE_UP", give_up),
            (gateway, "MOST_PAGES", 100),
            (gateway, "MOST_EMPTY_PAGES", 20),
        ):
            stack.enter_context(patch.object(what, name, value))
        if time_out is not None:
            stack.enter_context(patch.object(connection, "READ_TIMEOUT", time_out))
        yield
