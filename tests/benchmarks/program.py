"""The measured programs, as processes that only know the emulator."""

import csv
import json
import os
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from typing import Any

import sso_batch
from sso_batch.emulator import configuration
from tests.benchmarks.emulated import EmulatorProcess
from tests.benchmarks.floor import AccessPath

SOURCES = Path(sso_batch.__file__).parents[1]
SSO_BATCH = (sys.executable, "-m", "sso_batch")


@dataclass(frozen=True, slots=True)
class CompletedProcess:
    """A completed process: exit code, seconds, processor seconds and output."""

    code: int
    seconds: float
    processor: float
    stdout: str
    stderr: str


@dataclass(frozen=True, slots=True)
class CompletedAudit:
    """A completed run of sso-batch and its reports."""

    ended: CompletedProcess
    place: Path

    @property
    def folder(self) -> Path:
        """The folder of the only run in the place."""
        (run_file,) = self.place.glob("*/run.json")
        return run_file.parent

    @property
    def manifest(self) -> dict[str, Any]:
        """The run's manifest."""
        manifest: dict[str, Any] = json.loads((self.folder / "manifest.json").read_text())
        return manifest

    @property
    def complete(self) -> bool:
        """Whether the audit is complete."""
        return self.ended.code == 0

    def access_paths(self) -> Counter[AccessPath]:
        """Return the rows of all organizations, as ids."""
        with (self.folder / self.manifest["files"][0]["name"]).open(newline="", encoding="utf-8") as file:
            return Counter(
                (
                    row["AccountId"],
                    row["PermissionSetArn"] or row["RoleArn"],
                    row["PrincipalType"],
                    row["PrincipalId"],
                    row["UserId"] or (row["PrincipalId"] if row["PrincipalType"] == "USER" else ""),
                )
                for row in csv.DictReader(file)
            )


def run(
    *command: object, environ: dict[str, str] | None = None, folder: Path | None = None
) -> CompletedProcess:
    """Run a program without this machine's AWS settings."""
    inherited = {
        key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "SSO_BATCH_"))
    }
    no_files = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    before, started = getrusage(RUSAGE_CHILDREN), time.perf_counter()
    process = subprocess.run(  # noqa: S603 - our own programs and the installed tools
        [str(argument) for argument in command],
        env=inherited | no_files | {"PYTHONPATH": str(SOURCES)} | (environ or {}),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    seconds, after = time.perf_counter() - started, getrusage(RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return CompletedProcess(process.returncode, seconds, processor, process.stdout, process.stderr)


def audit(aws: EmulatorProcess, folder: Path, settings: str = "") -> CompletedAudit:
    """Audit a served world with the default settings and `settings` into a new folder."""
    reports = folder / f"reports-{time.time_ns()}"
    config = folder / "orgs.yaml"
    config.write_text(f"{configuration(aws.world, directory=str(reports))}{settings}")
    return CompletedAudit(run(*SSO_BATCH, "run", "--config", config, environ=aws.environ), reports)
