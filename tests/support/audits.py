"""Fixtures for tests from end to end: a machine without AWS settings, and audits of an emulated AWS.

A test module gets them by importing them into its folder's `conftest.py`. `emulator` and `nightly` need a
fixture `world` in the test module.
"""

import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from sso_batch.aws import backoff, connection
from sso_batch.aws.rate_limiter import TokenBucket
from sso_batch.emulator import Emulator, Limits, World, configuration, shared_credentials
from sso_batch.run_files.snapshot_schema import snapshot_schema
from tests.support.command import Command, isolate, set_environment
from tests.support.expected_reports import COLLECT
from tests.support.nightly import Nightly
from tests.support.reports import Reports

Audit = Callable[..., Reports]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the home folder of a user without AWS settings."""
    home = tmp_path / "home"
    home.mkdir()
    isolate(monkeypatch, home)
    return home


@pytest.fixture
def sso_batch(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Return `sso-batch` as a callable; botocore checks the parameters of every call."""
    assert home.is_dir()
    monkeypatch.setattr(connection, "CHECK_PARAMETERS", True)
    return Command(monkeypatch, capsys)


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the rate limiter, since the emulator has no limits here, and the pauses between attempts."""
    monkeypatch.setattr(TokenBucket, "take", lambda *_: 0.0)
    monkeypatch.setattr(backoff, "FIRST_PAUSE", 0.001)


@pytest.fixture
def audit(
    sso_batch: Command, unhurried: None, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Audit:
    """Return `audit(world, *options, before=…, settings=…, config=…, environ=…, folder=…, **emulator)`.

    `before` has the options before the command, `settings` is added to the configuration, `config` rewrites
    it, and `environ` sets or, with None, removes variables. Every snapshot is checked against its schema.
    """
    del unhurried

    def run(
        world: World,
        *options: object,
        before: tuple[object, ...] = (),
        settings: str = "",
        config: Callable[[str], str] = str,
        environ: dict[str, str | None] | None = None,
        folder: Path | None = None,
        **emulator: object,
    ) -> Reports:
        directory = folder or tmp_path / "reports"
        text = config(configuration(world, directory=str(directory)))
        file = tmp_path / "orgs.yaml"
        file.write_text(text + (COLLECT if "collect:" not in settings else "") + settings)
        (home / "aws-credentials").write_text(shared_credentials(world))
        with Emulator(world, **({"limits": Limits.off()} | emulator)) as emulated:  # type: ignore[arg-type] # by name
            set_environment(monkeypatch, emulated.environment() | (environ or {}))
            ended = sso_batch(*before, "run", "--config", file, *options)
            _assert_snapshots_fit(directory)
            throttled = sum(count for (name, _), count in emulated.throttled.items() if name)
            return Reports(directory, ended, emulated.calls, throttled)

    return run


@pytest.fixture
def emulator(world: World) -> Iterator[Emulator]:
    """Serve the test's own world without limits."""
    with Emulator(world, limits=Limits.off()) as emulator:
        yield emulator


@pytest.fixture
def nightly(
    sso_batch: Command,
    unhurried: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    emulator: Emulator,
) -> Nightly:
    """Return the one run in one folder, over the test's own world."""
    del unhurried
    nightly = Nightly(sso_batch, tmp_path, monkeypatch)
    nightly.configure(emulator)
    return nightly


def _assert_snapshots_fit(folder: Path) -> None:
    """Assert that every record of every snapshot in a folder fits the published schema."""
    for path in folder.glob("*/organizations/*/snapshot*.jsonl"):
        for line in path.read_text().splitlines():
            _assert_record_fits(line)


@cache  # many snapshots have the same records
def _assert_record_fits(line: str) -> None:
    Draft202012Validator(snapshot_schema()).validate(json.loads(line))
