"""The audit of a generated world: the `run` command in this process, with its own emulator."""

import contextlib
import io
import os
import random
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import patch

from botocore.config import Config as ClientConfig

from sso_batch.aws import backoff, connection, gateway
from sso_batch.aws.rate_limiter import TokenBucket
from sso_batch.commands.run import RunOptions, run_command
from sso_batch.console.terminal import Terminal
from sso_batch.emulator import Emulator, Limits, World, configuration, shared_credentials
from tests.stress.trial import Trial
from tests.support.agents import LATE, keys, serving
from tests.support.command import CommandResult
from tests.support.reports import Reports

LONG_RETRIES = 60.0
SHORT_RETRIES = 0.1
"""Seconds until the retries of a failing call end."""

TIME_OUT = 0.1
"""Seconds until a call without an answer fails."""


def audit_trial(trial: Trial, folder: Path) -> Reports:
    """Audit the world of a trial; return the reports in the new `folder`."""
    hangs = any(fault.kind == "hang" for fault in trial.faults)
    with late_credentials(trial) as environ:
        return audit(
            trial.world,
            folder,
            settings=trial.settings,
            retry_seconds=SHORT_RETRIES if trial.scenario in {"permanent", "contradicting"} else LONG_RETRIES,
            time_out=TIME_OUT if hangs else None,
            environ=environ,
            behaviour=trial.behaviour,
            faults=trial.faults,
            seed=trial.seed,
        )


@contextlib.contextmanager
def late_credentials(trial: Trial) -> Iterator[Mapping[str, str]]:
    """Serve the hub's keys from a container agent after some broken answers, in half of the trials."""
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
    retry_seconds: float = LONG_RETRIES,
    time_out: float | None = None,
    environ: Mapping[str, str] | None = None,
    **emulator: object,
) -> Reports:
    """Audit a world with `settings` in its configuration; return the reports in `folder`."""
    reports, file = folder / "reports", folder / "orgs.yaml"
    folder.mkdir(parents=True)
    file.write_text(configuration(world, directory=str(reports)) + settings)
    (folder / "credentials").write_text(shared_credentials(world))
    emulated = Emulator(world, limits=Limits.off(), **emulator)  # type: ignore[arg-type] # keyword arguments of the emulator
    with short_waits(retry_seconds=retry_seconds, time_out=time_out), emulated:
        ended = run(file, emulated.environment() | {**(environ or {})}, home=folder)
    return Reports(reports, ended, emulated.calls)


def run(file: Path, environ: Mapping[str, str], *, home: Path) -> CommandResult:
    """Run `sso-batch --log-format json run` without AWS settings of this machine."""
    isolated = {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(home),
        "AWS_CONFIG_FILE": str(home / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(home / "credentials"),
    }
    stderr = io.StringIO()
    with patch.dict(os.environ, isolated | dict(environ), clear=True), contextlib.redirect_stderr(stderr):
        code = run_command(Terminal(log_format="json"), os.environ, str(file), RunOptions())
    return CommandResult(code, "", stderr.getvalue())


@contextlib.contextmanager
def short_waits(*, retry_seconds: float, time_out: float | None = None) -> Iterator[None]:
    """Disable the rate limiter, because the emulator has no limits, and shorten pauses and listings."""
    with ExitStack() as stack:
        for owner, name, value in (
            (TokenBucket, "take", lambda *_: 0.0),
            (backoff, "FIRST_PAUSE", 0.001),
            (backoff, "LONGEST_PAUSE", 0.05),
            (gateway, "GIVE_UP", retry_seconds),
            (gateway, "MOST_PAGES", 100),
            (gateway, "MOST_EMPTY_PAGES", 20),
        ):
            stack.enter_context(patch.object(owner, name, value))
        if time_out is not None:
            config = connection.CLIENT_CONFIG.merge(ClientConfig(read_timeout=time_out))
            stack.enter_context(patch.object(connection, "CLIENT_CONFIG", config))
        yield
