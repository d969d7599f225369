"""Audit 300 organizations in 10 shards, one of them killed and resumed, and compare with one run.

`python -m tests.stress.shards [--organizations 300] [--shards 10] [--at-once 4]`
"""

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sso_batch.emulator import Emulator, Limits, World, configuration, generate
from sso_batch.emulator.world.generator import Shape
from sso_batch.sharding import Shard
from tests.support.command import CommandResult, finish, start
from tests.support.drivers import KILLED
from tests.support.reports import files_in, without_first_seen

RUN_ID = "stress"
SETTINGS = "collect:\n  requests_per_second: 1000\n  account_paths: false\n"  # OU calls are slow
IN_ORDER = "run:\n  max_parallel_organizations: 1\n"  # a killed shard has then finished some organizations
SHAPE = Shape(users=5, groups=2, permission_sets=2, accounts=3, pairs=4)
_TIME_OUT = 1800.0  # seconds for one process
_PROGRAM = ("-m", "sso_batch")


class ShardComparison:
    """A world audited by one process and by shards; a difference raises AssertionError."""

    def __init__(self, world: World, folder: Path, *, shards: int, at_once: int) -> None:
        self.world = world
        self.folder = folder
        self.shards = shards
        self.at_once = at_once

    def run(self, emulator: Emulator, seed: int) -> None:
        """Audit with one process and with shards, and compare."""
        ended, seconds = self._process(self._config("single"), "run")
        _expect(ended, 0)
        _print(f"one run of {len(self.world.organizations)} organizations: {seconds:.1f} s")
        config, victim = self._config("shards", IN_ORDER), random.Random(seed).randrange(self.shards)  # noqa: S311
        names = [organization.name for organization in self.world.organizations]
        mine = Shard(victim, self.shards).part(names)
        part = [name for name in names if name in mine]
        last = part[len(part) * 2 // 3]
        emulator.calls.clear()
        started = time.monotonic()
        with ThreadPoolExecutor(self.at_once) as pool:
            durations = list(
                pool.map(lambda index: self._shard(config, index, victim, last), range(self.shards))
            )
        _print(
            f"{self.shards} shards, {self.at_once} at once: {time.monotonic() - started:.1f} s; "
            f"{min(durations):.1f} to {max(durations):.1f} s per shard; shard {victim} killed at {last}"
        )
        finished = self._finished(part)
        before = Counter(emulator.calls)
        assert 0 < len(finished) < len(part), "the shard was killed before its end"
        ended, seconds = self._process(config, "run", "--shard", f"{victim}/{self.shards}", "--resume")
        _expect(ended, 0)
        audited_again = {name for name, _ in emulator.calls - before} - {""}
        assert audited_again == set(part) - finished, "finished organizations are not audited again"
        _print(f"shard {victim} resumed: {seconds:.1f} s, {len(finished)} of {len(part)} without a call")
        calls = emulator.calls.total()
        ended, seconds = self._process(config, "merge", "--wait", "1m")
        _expect(ended, 0)
        assert emulator.calls.total() == calls, "a merge makes no calls"
        _print(f"merge: {seconds:.1f} s")
        self._compare()

    def _shard(self, config: Path, index: int, victim: int, last: str) -> float:
        shard = ("--shard", f"{index}/{self.shards}", "--resume")
        python = ("-c", KILLED, "after", f"*/{last}/*.csv") if index == victim else _PROGRAM
        ended, seconds = self._process(config, "run", *shard, python=python)
        _expect(ended, -9 if index == victim else 0)
        return seconds

    def _process(
        self, config: Path, *arguments: str, python: tuple[str, ...] = _PROGRAM
    ) -> tuple[CommandResult, float]:
        command, *options = arguments
        started = time.monotonic()
        quiet = ("--log-level", "error")
        process = start(*quiet, command, "--config", config, "--run-id", RUN_ID, *options, python=python)
        return finish(process, within=_TIME_OUT), time.monotonic() - started

    def _config(self, name: str, settings: str = "") -> Path:
        file = self.folder / f"{name}.yaml"
        file.write_text(configuration(self.world, directory=str(self.folder / name)) + SETTINGS + settings)
        return file

    def _finished(self, part: list[str]) -> set[str]:
        organizations = self.folder / "shards" / RUN_ID / "organizations"
        return {path.parent.name for path in organizations.glob("*/snapshot.jsonl")} & set(part)

    def _compare(self) -> None:
        single, sharded = (self._access(name) for name in ("single", "shards"))
        assert single.keys() == sharded.keys()
        assert len(single) == len(self.world.organizations) + len(("merged", "findings"))
        assert single == sharded, "the CSVs of both audits are equal"
        _print(f"{len(single)} CSVs of {sum(map(len, single.values())):,} bytes are equal")

    def _access(self, name: str) -> dict[str, bytes]:
        """Return the CSVs of a run, by name, without the start of the run."""
        folder = self.folder / name / RUN_ID
        ts = json.loads((folder / "run.json").read_bytes())["ts"]
        return {
            file.replace(ts, "TS"): without_first_seen(path.read_bytes())
            for file, path in files_in(folder).items()
            if file.endswith(".csv")
        }


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _expect(ended: CommandResult, code: int) -> None:
    assert ended.code == code, f"exit {ended.code} instead of {code}: {ended.stderr[-2000:]}"


def main(arguments: list[str] | None = None) -> None:
    """Run the comparison and print measurements; the seed selects the killed shard."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--organizations", type=int, default=300)
    parser.add_argument("--shards", type=int, default=10)
    parser.add_argument("--at-once", type=int, default=4)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    options = parser.parse_args(arguments)
    _print(f"seed {options.seed}")
    world = generate(options.seed, organizations=options.organizations, shape=SHAPE)
    folder = Path(tempfile.mkdtemp(prefix="sso-batch-shards-"))
    try:
        with Emulator(world, limits=Limits.off()) as emulator:
            for name in [name for name in os.environ if name.startswith(("AWS_", "SSO_BATCH_"))]:
                del os.environ[name]
            os.environ.update(emulator.environment())
            ShardComparison(world, folder, shards=options.shards, at_once=options.at_once).run(
                emulator, options.seed
            )
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
