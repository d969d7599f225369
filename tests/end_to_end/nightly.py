"""One run in one place, in as many tries, processes and parts as it takes."""

import json
import signal
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from sso_batch.emulator import Emulator, configuration
from tests.end_to_end.command import Command, Ended, finish, start
from tests.end_to_end.expected import COLLECT, truth
from tests.end_to_end.reports import Reports, written

RUN_ID = "nightly"

# Kills its own process, as nobody can defend against: within a file, before or after it gets its name.
KILLED = """
import os, signal, sys
from fnmatch import fnmatch
from sso_batch.store import Draft, folder
moment, pattern = sys.argv.pop(1), sys.argv.pop(1)
link, write = folder._link, Draft.write
def die(now, name):
    if now == moment and fnmatch(name, pattern):
        os.kill(os.getpid(), signal.SIGKILL)
def link_and_die(path, final):
    die("before", final.name)
    link(path, final)
    die("after", final.name)
def write_and_die(draft, data):
    write(draft, data)
    draft._file.flush()
    die("within", draft.name)
folder._link, Draft.write = link_and_die, write_and_die
from sso_batch.cli import main
main()
"""


# Sends a signal to its own process at one moment of the end of a run, and goes on for a while.
SIGNALLED = """
import asyncio, os, sys, time
from fnmatch import fnmatch
from sso_batch.runner import finalize, merged_files, run_review
from sso_batch.store import Draft
number, moment = int(sys.argv.pop(1)), sys.argv.pop(1)
def send(now):
    global number
    if fnmatch(now, moment) and number:
        os.kill(os.getpid(), number)
        number = 0
        time.sleep(0.2)
def signalling(owner, name, now):
    work = getattr(owner, name)
    def replaced(*arguments, **named):
        send(now)
        return work(*arguments, **named)
    setattr(owner, name, replaced)
signalling(merged_files.MergedFilesWriter, "write", "merged files")
signalling(run_review.RunReview, "review", "review")
signalling(merged_files, "write_for_people", "for people")
signalling(finalize, "write_document", "manifest")
signalling(finalize, "notice", "notice")
prepare = Draft.__init__
def prepare_and_send(draft, name, *arguments):
    prepare(draft, name, *arguments)
    send(name)
Draft.__init__ = prepare_and_send
from sso_batch.cli import main
main()
"""

BEFORE_THE_MANIFEST = (
    "merged files",
    "review",
    "aws_sso_access_report_2*[0-9].csv",
    "*_findings.csv",
    "*_changes.csv",
    "for people",
    "*.html",
    "*.xlsx",
)
AT_THE_MANIFEST = ("manifest", "*_manifest.json", "notice")
"""Moments of the end of a run, in this order; patterns of file names among them."""


class Nightly:
    """Runs `sso-batch` over an emulator's world, always with the same run id and the same output folder."""

    def __init__(self, sso_batch: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = tmp_path / "reports"
        self.file = tmp_path / "orgs.yaml"
        self._sso_batch = sso_batch
        self._monkeypatch = monkeypatch
        self._emulator: Emulator | None = None

    def configure(self, emulator: Emulator, *, settings: str = "", parallel: int = 1) -> None:
        """Write the configuration of an emulator's world, and go to that for AWS."""
        text = configuration(emulator.world, directory=str(self.folder))
        run = f"run:\n  max_parallel_organizations: {parallel}\n" if "run:" not in settings else ""
        collect = COLLECT + "  requests_per_second: 1000\n"
        self.file.write_text(text + run + collect + settings)
        for name, value in emulator.environment().items():
            self._monkeypatch.setenv(name, value)
        self._emulator = emulator

    def run(self, *options: object) -> Reports:
        """Run `sso-batch run` in this process; calls are counted from here on."""
        return self._here("run", *options)

    def merge(self, *options: object) -> Reports:
        """Run `sso-batch merge` in this process."""
        return self._here("merge", *options)

    def killed(self, moment: str, pattern: str, *options: object, command: str = "run") -> None:
        """Run in a process of its own, which is killed at that moment of a file with such a name."""
        arguments = (command, "--config", self.file, "--run-id", RUN_ID, *options)
        ended = finish(start(*arguments, python=("-c", KILLED, moment, pattern)), within=60)
        assert ended.code == -signal.SIGKILL, ended.stderr

    def start(
        self, *options: object, command: str = "run", python: tuple[str, ...] = ("-m", "sso_batch")
    ) -> "subprocess.Popen[str]":
        """Start a process of its own."""
        return start(command, "--config", self.file, "--run-id", RUN_ID, *options, python=python)

    def finish(self, process: "subprocess.Popen[str]") -> Ended:
        """Wait for it."""
        return finish(process, within=60)

    def reports(self, ended: Ended) -> Reports:
        """What is there now."""
        assert self._emulator is not None
        return Reports(self.folder, ended, Counter(self._emulator.calls))

    def written(self) -> dict[str, bytes]:
        """What every published file holds, by its name."""
        return {path.name: path.read_bytes() for path in self.folder.glob("aws_sso_access_report_*")}

    def document(self, ending: str) -> dict[str, Any]:
        """The one file in JSON whose name ends so."""
        (path,) = self.folder.glob(f"aws_sso_access_report_*{ending}")
        document: dict[str, Any] = json.loads(path.read_bytes())
        return document

    def merged(self) -> bytes:
        """The rows that all organizations of the world have to give together."""
        assert self._emulator is not None
        world = self._emulator.world
        return written([row for one in world.organizations for row in truth(world, one.name)])

    def _here(self, command: str, *options: object) -> Reports:
        assert self._emulator is not None
        self._emulator.calls.clear()
        ended: Ended = self._sso_batch(command, "--config", self.file, "--run-id", RUN_ID, *options)
        return Reports(self.folder, ended, Counter(self._emulator.calls))


def asked(reports: Reports) -> set[str]:
    """The organizations that were asked anything at all."""
    return {name for name, _ in reports.calls} - {""}


def resumed(reports: Reports) -> dict[str, bool]:
    """Which organizations the manifest tells were taken over."""
    return {one["name"]: one["resumed"] for one in reports.manifest["organizations"]}
