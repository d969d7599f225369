"""Programs that are measured: each a whole process, which knows of no AWS but the emulated one."""

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
from tests.benchmarks.emulated import Emulated
from tests.benchmarks.floor import WayIn

SOURCES = Path(sso_batch.__file__).parents[1]
SSO_BATCH = (sys.executable, "-m", "sso_batch")


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that has ended: its exit code, seconds, processor seconds, and what it printed."""

    code: int
    seconds: float
    processor: float
    stdout: str
    stderr: str


@dataclass(frozen=True, slots=True)
class Audited:
    """A run of sso-batch, and what it wrote."""

    ended: Ended
    folder: Path

    @property
    def manifest(self) -> dict[str, Any]:
        """The run's manifest."""
        (file,) = self.folder.glob("*_manifest.json")
        manifest: dict[str, Any] = json.loads(file.read_text())
        return manifest

    @property
    def whole(self) -> bool:
        """Whether everything was read."""
        return self.ended.code == 0

    def ways_in(self) -> Counter[WayIn]:
        """The rows of all organizations, by their ids."""
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


def run(*command: object, environ: dict[str, str] | None = None, folder: Path | None = None) -> Ended:
    """Run a program to its end; the environment has none of this machine's AWS settings."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "SSO_BATCH_"))}
    nowhere = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    before, begun = getrusage(RUSAGE_CHILDREN), time.perf_counter()
    process = subprocess.run(  # noqa: S603 - our own programs, and peers that were asked for
        [str(word) for word in command],
        env=kept | nowhere | {"PYTHONPATH": str(SOURCES)} | (environ or {}),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    seconds, after = time.perf_counter() - begun, getrusage(RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Ended(process.returncode, seconds, processor, process.stdout, process.stderr)


def audit(aws: Emulated, folder: Path, settings: str = "") -> Audited:
    """Audit a served world with the shipped defaults, or with these further settings, into a new folder."""
    reports = folder / f"reports-{time.time_ns()}"
    config = folder / "orgs.yaml"
    config.write_text(f"{configuration(aws.world, directory=str(reports))}{settings}")
    return Audited(run(*SSO_BATCH, "run", "--config", config, environ=aws.environ), reports)
