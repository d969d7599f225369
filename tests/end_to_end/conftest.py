"""What a test from end to end starts from: a machine that knows no AWS, and one that is emulated."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from sso_batch.aws import backoff, connection
from sso_batch.aws.token_bucket import TokenBucket
from sso_batch.emulator import Emulator, Limits, World, configuration, shared_credentials
from sso_batch.run_files.snapshot_schema import snapshot_schema
from sso_batch.runner import start
from tests.end_to_end.command import Command, Ended, isolate
from tests.end_to_end.expected import COLLECT
from tests.end_to_end.nightly import Nightly
from tests.end_to_end.reports import Reports

Audit = Callable[..., Reports]


@cache
def assert_fits(line: str) -> None:
    """A record of a snapshot is as its published schema says; alike ones are looked at once."""
    Draft202012Validator(snapshot_schema()).validate(json.loads(line))


def assert_snapshots_fit(folder: Path) -> None:
    """Every record of every snapshot in a folder fits the published schema."""
    for path in folder.glob("*_snapshot*.jsonl"):
        for line in path.read_text().splitlines():
            assert_fits(line)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's home without any settings of AWS."""
    home = tmp_path / "home"
    home.mkdir()
    isolate(monkeypatch, home)
    return home


@pytest.fixture
def sso_batch(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    assert home.is_dir()
    monkeypatch.setattr(connection, "CHECK_PARAMETERS", True)
    return Command(monkeypatch, capsys)


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take our own pace away, since the emulator has no limits here; and the pauses between tries."""
    monkeypatch.setattr(TokenBucket, "take", lambda _bucket, _now: 0.0)
    monkeypatch.setattr(backoff, "FIRST_PAUSE", 0.001)


@pytest.fixture
def audit(
    sso_batch: Command, unhurried: None, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Audit:
    """Audits a world: `audit(world, *options, before=…, settings=…, config=…, environ=…, **emulator)`."""
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
            for name, value in (emulated.environment() | (environ or {})).items():
                if value is None:
                    monkeypatch.delenv(name, raising=False)
                else:
                    monkeypatch.setenv(name, value)
            ended: Ended = sso_batch(*before, "run", "--config", file, *options)
            assert_snapshots_fit(directory)
            throttled = sum(count for (one, _), count in emulated.throttled.items() if one)
            return Reports(directory, ended, emulated.calls, throttled)

    return run


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Believe a run file at once, however new it is."""
    monkeypatch.setattr(start, "_SETTLES", timedelta(0))


@pytest.fixture
def emulator(world: World) -> Iterator[Emulator]:
    """The test's own world, emulated without limits."""
    with Emulator(world, limits=Limits.off()) as emulator:
        yield emulator


@pytest.fixture
def nightly(
    sso_batch: Command,
    unhurried: None,
    settled: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    emulator: Emulator,
) -> Nightly:
    """The one run in one place, over the test's own world."""
    del unhurried, settled
    nightly = Nightly(sso_batch, tmp_path, monkeypatch)
    nightly.configure(emulator)
    return nightly
