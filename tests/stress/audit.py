"""An audit of a made-up world: the real `run` command in this process, against an emulator of its own."""

import contextlib
import io
import os
import random
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import patch

from sso_batch.aws import backoff, connection, gateway
from sso_batch.aws.token_bucket import TokenBucket
from sso_batch.commands.run import RunOptions, run_command
from sso_batch.console.terminal import Terminal
from sso_batch.emulator import Emulator, Limits, World, configuration, shared_credentials
from tests.end_to_end.command import Ended
from tests.end_to_end.reports import Reports
from tests.stress.trial import Trial
from tests.support.agents import LATE, keys, serving

PATIENT = 60.0
IMPATIENT = 0.1
TIME_OUT = 0.1
"""Seconds: until a call is given up that fails again and again, and until one that hangs is ended."""


def audit_trial(trial: Trial, folder: Path) -> Reports:
    """Run the audit of a trial; give what it left in `folder`, which is made."""
    hangs = any(fault.kind == "hang" for fault in trial.faults)
    with late_credentials(trial) as environ:
        return audit(
            trial.world,
            folder,
            settings=trial.settings,
            give_up=IMPATIENT if trial.mood in {"breaking", "contradicting"} else PATIENT,
            time_out=TIME_OUT if hangs else None,
            environ=environ,
            behaviour=trial.behaviour,
            faults=trial.faults,
            seed=trial.seed,
        )


@contextlib.contextmanager
def late_credentials(trial: Trial) -> Iterator[Mapping[str, str]]:
    """In every other trial the hub's keys come from an agent of a container, after a few broken answers."""
    dice = random.Random(f"credentials {trial.seed}")  # noqa: S311 - not a secret
    if dice.random() < 0.5:
        yield {}
        return
    hub = trial.world.access_keys[0]
    late = [dice.choice(tuple(LATE.values())) for _ in range(dice.randint(1, 6))]
    with serving(keys(hub.id, hub.secret), late) as agent:
        yield {
            "AWS_ACCESS_KEY_ID": "",
            "AWS_SECRET_ACCESS_KEY": "",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": agent.url,
        }


def audit(
    world: World,
    folder: Path,
    *,
    settings: str = "",
    give_up: float = PATIENT,
    time_out: float | None = None,
    environ: Mapping[str, str] | None = None,
    **emulator: object,
) -> Reports:
    """Run the audit of a world with `settings` in its configuration; give what it left in `folder`."""
    reports, file = folder / "reports", folder / "orgs.yaml"
    folder.mkdir(parents=True)
    file.write_text(configuration(world, directory=str(reports)) + settings)
    (folder / "credentials").write_text(shared_credentials(world))
    emulated = Emulator(world, limits=Limits.off(), **emulator)  # type: ignore[arg-type] # by name
    with hurried(give_up=give_up, time_out=time_out), emulated:
        ended = run(file, emulated.environment() | {**(environ or {})}, home=folder)
    return Reports(reports, ended, emulated.calls)


def run(file: Path, environ: Mapping[str, str], *, home: Path) -> Ended:
    """`sso-batch --log-format json run`, on a machine that knows no other AWS."""
    isolated = {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(home),
        "AWS_CONFIG_FILE": str(home / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(home / "credentials"),
    }
    said = io.StringIO()
    with patch.dict(os.environ, isolated | dict(environ), clear=True), contextlib.redirect_stderr(said):
        code = run_command(Terminal(log_format="json"), os.environ, file, RunOptions())
    return Ended(code, "", said.getvalue())


@contextlib.contextmanager
def hurried(*, give_up: float, time_out: float | None = None) -> Iterator[None]:
    """No pace, since the emulator has no limits here; short pauses, tries and listings."""
    with ExitStack() as stack:
        for what, name, value in (
            (TokenBucket, "take", lambda _bucket, _now: 0.0),
            (backoff, "FIRST_PAUSE", 0.001),
            (backoff, "LONGEST_PAUSE", 0.05),
            (gateway, "GIVE_UP", give_up),
            (gateway, "MOST_PAGES", 100),
            (gateway, "MOST_EMPTY_PAGES", 20),
        ):
            stack.enter_context(patch.object(what, name, value))
        if time_out is not None:
            stack.enter_context(patch.object(connection, "READ_TIMEOUT", time_out))
        yield
