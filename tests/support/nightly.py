"""One run in one folder, in as many attempts, processes and shards as a test needs."""

import json
import signal
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from sso_batch.emulator import Emulator, configuration
from tests.support.command import Command, CommandResult, finish, set_environment, start
from tests.support.drivers import KILLED
from tests.support.expected_reports import COLLECT, truth
from tests.support.reports import Reports, files_in, manifest_in, written

RUN_ID = "nightly"


class Nightly:
    """Runs of `sso-batch` over an emulator's world, always with the same run id and output folder."""

    def __init__(self, sso_batch: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.place = tmp_path / "reports"
        self.folder = self.place / RUN_ID
        self.file = tmp_path / "orgs.yaml"
        self._sso_batch = sso_batch
        self._monkeypatch = monkeypatch
        self._emulator: Emulator | None = None

    def configure(self, emulator: Emulator, *, settings: str = "", parallel: int = 1) -> None:
        """Write the configuration of an emulator's world, and use this emulator as AWS from now on."""
        text = configuration(emulator.world, directory=str(self.place))
        run = f"run:\n  max_parallel_organizations: {parallel}\n" if "run:" not in settings else ""
        collect = COLLECT + "  requests_per_second: 1000\n"
        self.file.write_text(text + run + collect + settings)
        set_environment(self._monkeypatch, emulator.environment())
        self._emulator = emulator

    def run(self, *options: object) -> Reports:
        """Run `sso-batch run` in this process; calls are counted from its start."""
        return self._call("run", *options)

    def merge(self, *options: object) -> Reports:
        """Run `sso-batch merge` in this process; calls are counted from its start."""
        return self._call("merge", *options)

    def killed(self, moment: str, pattern: str, *options: object, command: str = "run") -> None:
        """Run in a process of its own that is killed at this moment of a file with such a name."""
        process = self.start(*options, command=command, python=("-c", KILLED, moment, pattern))
        ended = self.finish(process)
        assert ended.code == -signal.SIGKILL, ended.stderr

    def start(
        self, *options: object, command: str = "run", python: tuple[str, ...] = ("-m", "sso_batch")
    ) -> "subprocess.Popen[str]":
        """Start a process of its own."""
        return start(command, "--config", self.file, "--run-id", RUN_ID, *options, python=python)

    def finish(self, process: "subprocess.Popen[str]") -> CommandResult:
        """Wait for a started process."""
        return finish(process, within=60)

    def reports(self, ended: CommandResult) -> Reports:
        """Return the reports as they are now."""
        assert self._emulator is not None
        return Reports(self.place, ended, Counter(self._emulator.calls))

    def assert_verified(self) -> None:
        """Assert that `verify` finds every file of the run's manifest, and no other."""
        ended = self._sso_batch("verify", manifest_in(self.folder))
        assert ended.code == 0, ended.stdout

    def written(self) -> dict[str, bytes]:
        """Return the content of every published file of the run, by name."""
        files = files_in(self.folder)
        return {name: path.read_bytes() for name, path in files.items() if not path.name.startswith(".")}

    def document(self, name: str, *, run_id: str = RUN_ID) -> dict[str, Any]:
        """Return the content of a JSON file."""
        document: dict[str, Any] = json.loads((self.place / run_id / name).read_bytes())
        return document

    def merged(self) -> bytes:
        """Return the merged CSV that a complete run over this world must write."""
        assert self._emulator is not None
        world = self._emulator.world
        return written(
            [row for organization in world.organizations for row in truth(world, organization.name)]
        )

    def _call(self, command: str, *options: object) -> Reports:
        assert self._emulator is not None
        self._emulator.calls.clear()
        ended = self._sso_batch(command, "--config", self.file, "--run-id", RUN_ID, *options)
        return self.reports(ended)


def asked(reports: Reports) -> set[str]:
    """Return the organizations to which a call was made."""
    return {name for name, _ in reports.calls} - {""}


def resumed(reports: Reports) -> dict[str, bool]:
    """Return for each organization whether the manifest says that its earlier result was kept."""
    return {
        organization["name"]: organization["resumed"] for organization in reports.manifest["organizations"]
    }
