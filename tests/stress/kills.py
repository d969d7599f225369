"""Signals to a real run at random moments: what looks whole is whole, and a resume ends as if undisturbed."""

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

from sso_batch.emulator import Emulator, Limits, configuration, generate
from sso_batch.run_files.manifest import read_manifest
from sso_batch.run_files.snapshot import decode
from sso_batch.run_files.verification import FileState, verify
from sso_batch.store import Folder
from tests.end_to_end.command import SOURCES
from tests.end_to_end.nightly import AT_THE_MANIFEST, BEFORE_THE_MANIFEST, SIGNALLED
from tests.end_to_end.reports import parsed
from tests.end_to_end.worlds import ODDITIES

_TS = re.compile(r"\d{8}_\d{6}")
_ORGANIZATIONS = 3
_LATENCY = 0.004
_LONGEST = 120.0
_GLANCE = 0.002
_BEFORE_THE_FIRST_FILE = 0.1  # of the kills
_AT_A_FILE = 0.5  # of the kills: as soon as one more file is there
_AT_THE_END = 0.5  # of the signals that a process can hear: at a moment of the end of the run
_SOON = 5.0
_OTHER_FORMATS = ("for people", "*.html", "*.xlsx", "*_changes.csv", "notice")
_MOMENTS = [one for one in (*BEFORE_THE_MANIFEST, *AT_THE_MANIFEST) if one not in _OTHER_FORMATS]


@dataclass(frozen=True, slots=True)
class Undisturbed:
    """What a run leaves that nobody disturbs: its files without times, and how long it took."""

    contents: Mapping[str, bytes]
    before_the_first_file: float
    after_it: float
    files: int


class Killer:
    """Starts runs of one configuration, each in a folder of its own, and kills them."""

    def __init__(self, folder: Path, environ: Mapping[str, str], config: str, seed: int) -> None:
        self._folder = folder
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
        self.resumed = 0

    def kill(self) -> Iterator[str]:
        """Start a run, kill it, and look at what it left; then resume it. Gives what is wrong."""
        self.runs += 1
        reports = self._folder / f"kill-{self.runs}"
        process = self._run(reports)
        self._wait(process, reports)
        process.kill()
        process.communicate()
        self.killed += process.returncode < 0
        yield from (f"kill {self.runs}: {one}" for one in self._what_is_not_whole(reports))
        if self.can_resume:
            yield from (f"kill {self.runs}, resumed: {one}" for one in self._resume(reports))
        shutil.rmtree(reports, ignore_errors=True)

    def interrupt(self) -> Iterator[str]:
        """Start a run, end it by a signal that it hears, and look at what it says; then resume it."""
        self.runs += 1
        reports = self._folder / f"signal-{self.runs}"
        number = self._dice.choice([signal.SIGTERM, signal.SIGINT])
        if self._dice.random() < _AT_THE_END:
            moment = self._dice.choice(_MOMENTS)
            process = self._run(reports, python=("-c", SIGNALLED, str(int(number)), moment))
        else:
            moment = "at random"
            process = self._run(reports)
            self._wait(process, reports)
            process.send_signal(number)
        sent = time.monotonic()
        said = process.communicate(timeout=_LONGEST)[1]
        self.interrupted += process.returncode > 128
        told = f"signal {self.runs} ({number.name}, {moment})"
        if time.monotonic() - sent > _SOON and moment == "at random":
            yield f"{told}: it took {time.monotonic() - sent:.1f} s to end"
        yield from (f"{told}: {one}" for one in self._what_is_not_true(reports, process.returncode, said))
        yield from (f"{told}, resumed: {one}" for one in self._resume(reports))
        shutil.rmtree(reports, ignore_errors=True)

    def _what_is_not_true(self, reports: Path, code: int, said: str) -> Iterator[str]:
        """What the manifest says of a run that has ended, and is not so."""
        if not _published(reports) and code:  # the signal came before the run, to Python itself perhaps
            return
        if "Traceback" in said or code not in (0, 130, 143):
            yield f"exit {code}: {said}"
        manifests = [name for name in _published(reports) if name.endswith("_manifest.json")]
        if not manifests:
            if code == 0 or any("_org-" in name for name in _published(reports)):
                yield f"exit {code}, without a manifest: {said}"
            return
        manifest = read_manifest((reports / manifests[0]).read_bytes())
        if (manifest.exit_code, manifest.status.value) != (code, "interrupted" if code else "complete"):
            yield f"exit {code}, and the manifest says {manifest.status.value}, {manifest.exit_code}"
        for one in verify(Folder(reports), manifest):
            if one.state is not FileState.AS_WRITTEN:
                yield f"{one.name} is {one.state.value}: {one.reason}"

    def _resume(self, reports: Path) -> Iterator[str]:
        process = self._run(reports, "--resume")
        said = process.communicate(timeout=_LONGEST)[1]
        self.resumed += 1
        if process.returncode != 0:
            yield f"exit {process.returncode}: {said}"
            return
        yield from self._what_is_not_whole(reports)
        found = _contents(reports)
        if found != self.undisturbed.contents:
            differs = {
                name for name, content in found.items() if self.undisturbed.contents.get(name) != content
            }
            yield f"not the undisturbed files: {differs or found.keys() ^ self.undisturbed.contents.keys()}"

    def _measure(self) -> Undisturbed:
        reports = self._folder / "undisturbed"
        started = time.monotonic()
        process = self._run(reports)
        while not _published(reports):
            _glance(process)
        first = time.monotonic()
        said = process.communicate(timeout=_LONGEST)[1]
        if process.returncode != 0:
            raise AssertionError(said)
        return Undisturbed(
            _contents(reports), first - started, time.monotonic() - first, len(_published(reports))
        )

    def _wait(self, process: "subprocess.Popen[str]", reports: Path) -> None:
        """Let the run live until a random moment, or until as many files are there as the dice say."""
        if self._dice.random() < _BEFORE_THE_FIRST_FILE:
            _pass_by(process, self._dice.uniform(0, self.undisturbed.before_the_first_file))
            return
        wanted = self._dice.randint(1, self.undisturbed.files) if self._dice.random() < _AT_A_FILE else 1
        while len(_published(reports)) < wanted and process.poll() is None:
            _glance(process)
        if wanted == 1:
            _pass_by(process, self._dice.uniform(0, self.undisturbed.after_it))

    def _what_is_not_whole(self, reports: Path) -> Iterator[str]:
        """Published files that are not what an undisturbed run publishes; each looks whole by being there."""
        names = _published(reports)
        if {(reports / name).stat().st_mode & 0o777 for name in names} - {0o600}:
            yield "a file that others may read"
        for name in names:
            try:
                found, wanted = _timeless(reports / name), self.undisturbed.contents[_TS.sub("TS", name)]
            except (ValueError, KeyError, AssertionError) as error:
                yield f"{name} is not whole: {error!r}"
                continue
            if found != wanted:
                yield f"{name} is not what it should be"
        for name in names:
            if name.endswith("_snapshot.jsonl") and name.replace("_snapshot.jsonl", ".csv") not in names:
                yield f"{name} is there before its CSV"
            if name.endswith("_manifest.json") and len(names) < self.undisturbed.files:
                yield f"{name} is there before all files are"

    def _run(
        self, reports: Path, *options: str, python: tuple[str, ...] = ("-m", "sso_batch")
    ) -> "subprocess.Popen[str]":
        options = ("-c", str(self._file), "-o", str(reports), "--run-id", "killed", *options)
        return self._sso_batch("run", *options, python=python)

    def _sso_batch(
        self, *arguments: str, python: tuple[str, ...] = ("-m", "sso_batch")
    ) -> "subprocess.Popen[str]":
        return subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, *python, "--log-format", "json", *arguments],
            env=self._environ,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )


def kill_often(kills: int, seed: int) -> Iterator[str]:
    """Kill so many runs before their end, and interrupt as many others; give what is wrong."""
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
        )
        while killer.killed < kills:
            yield from killer.kill()
            yield from killer.interrupt()
    click.echo(
        f"{killer.runs} runs, {killer.killed} killed before their end, {killer.interrupted} interrupted, "
        f"{killer.resumed} resumed"
    )


def torture(seed: int) -> Iterator[str]:
    """Kill a hundred runs, and interrupt as many."""
    yield from kill_often(100, seed)


def _published(reports: Path) -> set[str]:
    return {path.name for path in reports.iterdir() if path.name[0] != "."} if reports.is_dir() else set()


def _contents(reports: Path) -> dict[str, bytes]:
    return {_TS.sub("TS", name): _timeless(reports / name) for name in _published(reports)}


def _timeless(path: Path) -> bytes:
    """A whole file without what differs from run to run; raises ValueError or AssertionError for a part."""
    content = path.read_bytes()
    if path.suffix == ".csv":
        parsed(content)
        return content
    if path.suffix == ".jsonl":
        snapshot = decode(content.decode().splitlines(keepends=True))
        return repr(
            [getattr(snapshot, name) for name in ("organization", "users", "grants", "gaps")]
        ).encode()
    document = json.loads(content)
    if "organizations" not in document:
        return b"run"
    kept = [
        (one["name"], one["status"], one["counts"], [_TS.sub("TS", file["name"]) for file in one["files"]])
        for one in document["organizations"]
    ]
    return repr((document["status"], document["exit_code"], kept)).encode()


def _glance(process: "subprocess.Popen[str]") -> None:
    _pass_by(process, _GLANCE)


def _pass_by(process: "subprocess.Popen[str]", seconds: float) -> None:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return
