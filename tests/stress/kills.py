"""Signals to a real run at random moments: published files are complete, and a resumed run is correct."""

import contextlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from sso_batch import first_seen
from sso_batch.emulator import Emulator, Limits, configuration, generate
from sso_batch.run_files.file_names import MANIFEST
from sso_batch.run_files.manifest import read_manifest
from sso_batch.run_files.results import Status
from sso_batch.run_files.snapshot import decode
from sso_batch.run_files.verification import FileState, verify
from sso_batch.store import Folder
from tests.support.command import SOURCES
from tests.support.drivers import AT_THE_MANIFEST, BEFORE_THE_MANIFEST, SIGNALLED
from tests.support.processes import is_running, worker_processes_of
from tests.support.reports import files_in, parsed, without_first_seen
from tests.support.sample_worlds import ODDITIES

_TS = re.compile(r"\d{8}_\d{6}")
_RUN_ID = "killed"
_ORGANIZATIONS = 3
_LATENCY = 0.004
_TIME_OUT = 120.0
_POLL_INTERVAL = 0.002
_SHARE_BEFORE_FIRST_FILE = 0.1  # of all kills
_SHARE_AT_FILE = 0.5  # of all kills: when a certain number of files exist
_SHARE_AT_END = 0.5  # of all interruptions: at a certain step at the end of the run
_MAX_SHUTDOWN = 5.0  # seconds
_OTHER_FORMATS = ("for people", "*.html", "*.xlsx", "*_changes.csv", "notice")
_MOMENTS = [moment for moment in (*BEFORE_THE_MANIFEST, *AT_THE_MANIFEST) if moment not in _OTHER_FORMATS]


@dataclass(frozen=True, slots=True)
class UndisturbedRun:
    """The result of an undisturbed run: its files without times, and its durations in seconds."""

    contents: Mapping[str, bytes]
    until_first_file: float
    after_first_file: float
    files: int


class Killer:
    """Starts runs of one configuration in separate folders, with `options`, and kills them."""

    def __init__(
        self, folder: Path, environ: Mapping[str, str], config: str, seed: int, options: tuple[str, ...] = ()
    ) -> None:
        self._folder = folder
        self._options = options
        self._environ = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(SOURCES), "HOME": str(folder)}
        self._environ |= environ
        self._file = folder / "orgs.yaml"
        self._file.write_text(config)
        self._dice = random.Random(seed)  # noqa: S311 - not a secret
        self.can_resume = "--resume" in self._sso_batch("run", "--help").communicate()[0]
        self.undisturbed = self._measure()
        self.runs = 0
        self.killed = 0
        self.interrupted = 0
        self.lost = 0
        self.resumed = 0

    def kill(self) -> Iterator[str]:
        """Start a run, kill it, check its files and resume it; yield problems."""
        self.runs += 1
        reports = self._folder / f"kill-{self.runs}"
        process = self._run(reports)
        self._wait(process, reports)
        workers = worker_processes_of(process.pid)
        process.kill()
        process.communicate()
        self.killed += process.returncode < 0
        if left := _still_running(workers):
            yield f"kill {self.runs}: workers live on: {left}"
        yield from (f"kill {self.runs}: {problem}" for problem in self._find_incomplete_files(reports))
        if self.can_resume:
            yield from (f"kill {self.runs}, resumed: {problem}" for problem in self._resume(reports))
        shutil.rmtree(reports, ignore_errors=True)

    def kill_worker(self) -> Iterator[str]:
        """Start a run, kill one of its worker processes, check its manifest and resume it; yield problems."""
        self.runs += 1
        reports = self._folder / f"worker-{self.runs}"
        process = self._run(reports)
        self._wait(process, reports)
        workers = worker_processes_of(process.pid)
        for pid in self._dice.sample(workers, min(1, len(workers))):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        stderr = process.communicate(timeout=_TIME_OUT)[1]
        label = f"worker {self.runs}"
        yield from (f"{label}: {problem}" for problem in self._find_lost(reports, process.returncode, stderr))
        yield from (f"{label}, resumed: {problem}" for problem in self._resume(reports))
        shutil.rmtree(reports, ignore_errors=True)

    def interrupt(self) -> Iterator[str]:
        """Start a run, interrupt it, check its manifest and resume it; yield problems."""
        self.runs += 1
        reports = self._folder / f"signal-{self.runs}"
        number = self._dice.choice([signal.SIGTERM, signal.SIGINT])
        if self._dice.random() < _SHARE_AT_END:
            moment = self._dice.choice(_MOMENTS)
            process = self._run(reports, python=("-c", SIGNALLED, str(int(number)), moment))
        else:
            moment = "at random"
            process = self._run(reports)
            self._wait(process, reports)
            process.send_signal(number)
        sent = time.monotonic()
        stderr = process.communicate(timeout=_TIME_OUT)[1]
        self.interrupted += process.returncode > 128
        label = f"signal {self.runs} ({number.name}, {moment})"
        if time.monotonic() - sent > _MAX_SHUTDOWN and moment == "at random":
            yield f"{label}: the end took {time.monotonic() - sent:.1f} s"
        yield from (
            f"{label}: {problem}"
            for problem in self._find_false_statements(reports, process.returncode, stderr)
        )
        yield from (f"{label}, resumed: {problem}" for problem in self._resume(reports))
        shutil.rmtree(reports, ignore_errors=True)

    def _find_false_statements(self, reports: Path, code: int, stderr: str) -> Iterator[str]:
        """Yield statements of the manifest of an ended run that are false."""
        if not _published(reports) and code:  # the signal arrived before the run started
            return
        if "Traceback" in stderr or code not in (0, 130, 143):
            yield f"exit {code}: {stderr}"
        if MANIFEST not in _published(reports):
            if code == 0 or any("/org-" in name for name in _published(reports)):
                yield f"exit {code}, without a manifest: {stderr}"
            return
        manifest = read_manifest((reports / _RUN_ID / MANIFEST).read_bytes())
        if (manifest.exit_code, manifest.status.value) != (code, "interrupted" if code else "complete"):
            yield f"exit {code}, but the manifest says {manifest.status.value}, {manifest.exit_code}"
        for file in verify(Folder(reports, _RUN_ID), manifest):
            if file.state is not FileState.AS_WRITTEN:
                yield f"{file.name} is {file.state.value}: {file.reason}"

    def _find_lost(self, reports: Path, code: int, stderr: str) -> Iterator[str]:
        """Yield what is wrong with a run that has lost a worker: only its organizations may be gaps."""
        if "Traceback" in stderr or code not in (0, 4, 5):
            yield f"exit {code}: {stderr}"
            return
        manifest = read_manifest((reports / _RUN_ID / MANIFEST).read_bytes())
        self.lost += code != 0
        if manifest.exit_code != code:
            yield f"exit {code}, but the manifest says {manifest.exit_code}"
        for organization in manifest.outcome.organizations:
            if organization.status is Status.COMPLETE:
                for entry in organization.files:
                    found = _without_times(reports / _RUN_ID / entry.name)
                    if found != self.undisturbed.contents[_TS.sub("TS", entry.name)]:
                        yield f"{entry.name} has the wrong content"
            elif {gap.code for gap in organization.gaps} != {"WorkerLost"}:
                yield f"{organization.name} is {organization.status}: {organization.gaps}"
        for file in verify(Folder(reports, _RUN_ID), manifest):
            if file.state is not FileState.AS_WRITTEN:
                yield f"{file.name} is {file.state.value}: {file.reason}"

    def _resume(self, reports: Path) -> Iterator[str]:
        process = self._run(reports, "--resume")
        stderr = process.communicate(timeout=_TIME_OUT)[1]
        self.resumed += 1
        if process.returncode != 0:
            yield f"exit {process.returncode}: {stderr}"
            return
        yield from self._find_incomplete_files(reports)
        found = _contents(reports)
        if found != self.undisturbed.contents:
            different = {
                name for name, content in found.items() if self.undisturbed.contents.get(name) != content
            }
            different = different or found.keys() ^ self.undisturbed.contents.keys()
            yield f"differs from the undisturbed run: {different}"

    def _measure(self) -> UndisturbedRun:
        reports = self._folder / "undisturbed"
        started = time.monotonic()
        process = self._run(reports)
        while not _published(reports):
            _poll(process)
        first = time.monotonic()
        stderr = process.communicate(timeout=_TIME_OUT)[1]
        if process.returncode != 0:
            raise AssertionError(stderr)
        return UndisturbedRun(
            _contents(reports), first - started, time.monotonic() - first, len(_published(reports))
        )

    def _wait(self, process: "subprocess.Popen[str]", reports: Path) -> None:
        """Wait for a random time, or until a random number of files exist."""
        if self._dice.random() < _SHARE_BEFORE_FIRST_FILE:
            _wait_seconds(process, self._dice.uniform(0, self.undisturbed.until_first_file))
            return
        count = self._dice.randint(1, self.undisturbed.files) if self._dice.random() < _SHARE_AT_FILE else 1
        while len(_published(reports)) < count and process.poll() is None:
            _poll(process)
        if count == 1:
            _wait_seconds(process, self._dice.uniform(0, self.undisturbed.after_first_file))

    def _find_incomplete_files(self, reports: Path) -> Iterator[str]:
        """Yield published files that differ from those of the undisturbed run."""
        names = _published(reports)
        paths = reports.rglob("*")
        if {(path.is_dir(), path.stat().st_mode & 0o777) for path in paths} - {(True, 0o700), (False, 0o600)}:
            yield "a file or folder is readable by others"
        for name in names:
            try:
                found, expected = (
                    _without_times(reports / _RUN_ID / name),
                    self.undisturbed.contents[_TS.sub("TS", name)],
                )
            except (ValueError, KeyError, AssertionError) as error:
                yield f"{name} is incomplete: {error!r}"
                continue
            if found != expected:
                yield f"{name} has the wrong content"
        for name in names:
            folder, _, file = name.rpartition("/")
            if file == "snapshot.jsonl" and not any(
                other.startswith(f"{folder}/") and other.endswith(".csv") for other in names
            ):
                yield f"{name} exists without its CSV"
            if name == MANIFEST and len(names) < self.undisturbed.files:
                yield f"{name} exists before all files exist"

    def _run(
        self, reports: Path, *options: str, python: tuple[str, ...] = ("-m", "sso_batch")
    ) -> "subprocess.Popen[str]":
        own = ("-c", str(self._file), "-o", str(reports), "--run-id", _RUN_ID)
        options = (*own, *self._options, *options)
        return self._sso_batch("run", *options, python=python)

    def _sso_batch(
        self, *arguments: str, python: tuple[str, ...] = ("-m", "sso_batch")
    ) -> "subprocess.Popen[str]":
        return subprocess.Popen(  # noqa: S603 - sso-batch itself
            [sys.executable, *python, "--log-format", "json", *arguments],
            env=self._environ,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )


def kill_runs(kills: int, seed: int, *, processes: int = 1) -> Iterator[str]:
    """Kill this many runs before their end, and interrupt as many others; yield problems.

    With several worker processes, one of them is killed in as many runs, too.
    """
    world = generate(seed, organizations=_ORGANIZATIONS, **(ODDITIES | {"accounts": 9, "pairs": 12}))
    with (
        tempfile.TemporaryDirectory() as folder,
        Emulator(world, limits=Limits.off(), latency=_LATENCY) as emulator,
    ):
        killer = Killer(
            Path(folder),
            emulator.environment(),
            configuration(world) + "collect:\n  requests_per_second: 1000\n",
            seed,
            ("--processes", str(processes)),
        )
        while killer.killed < kills:
            yield from killer.kill()
            yield from killer.interrupt()
            if processes > 1:
                yield from killer.kill_worker()
    click.echo(
        f"{processes} processes: {killer.runs} runs, {killer.killed} killed before their end, "
        f"{killer.interrupted} interrupted, {killer.lost} with lost organizations, {killer.resumed} resumed"
    )


def stress(seed: int) -> Iterator[str]:
    """Kill 100 runs and interrupt as many, in one process and in two."""
    yield from kill_runs(100, seed)
    yield from kill_runs(100, seed, processes=2)


def _still_running(pids: list[int]) -> list[int]:
    """Return the processes that have not ended within a second."""
    end = time.monotonic() + 1.0
    while (running := [pid for pid in pids if is_running(pid)]) and time.monotonic() < end:
        time.sleep(_POLL_INTERVAL)
    return running


def _published(reports: Path) -> set[str]:
    """Return the published files of the run in an output folder."""
    return {name for name, path in files_in(reports / _RUN_ID).items() if path.name[0] != "."}


def _contents(reports: Path) -> dict[str, bytes]:
    return {_TS.sub("TS", name): _without_times(reports / _RUN_ID / name) for name in _published(reports)}


def _without_times(path: Path) -> bytes:
    """Return a file's content without times; raise ValueError or AssertionError if it is incomplete."""
    content = path.read_bytes()
    if path.suffix == ".csv":
        parsed(content)
        return without_first_seen(content)
    if path.suffix == ".jsonl":
        snapshot = first_seen.without_first_seen(decode(content.decode().splitlines(keepends=True)))
        return repr(
            [getattr(snapshot, name) for name in ("organization", "users", "grants", "gaps")]
        ).encode()
    document = json.loads(content)
    if "organizations" not in document:
        return b"run"
    kept = [
        (
            organization["name"],
            organization["status"],
            organization["counts"],
            [_TS.sub("TS", file["name"]) for file in organization["files"]],
        )
        for organization in document["organizations"]
    ]
    return repr((document["status"], document["exit_code"], kept)).encode()


def _poll(process: "subprocess.Popen[str]") -> None:
    _wait_seconds(process, _POLL_INTERVAL)


def _wait_seconds(process: "subprocess.Popen[str]", seconds: float) -> None:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return
