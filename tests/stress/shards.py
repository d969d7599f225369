"""300 organizations in 10 shards, one of them killed and tried again, against one run: the same bytes.

`python -m tests.stress.shards [--organizations 300] [--shards 10] [--at-once 4]`
"""

import argparse
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
from sso_batch.emulator.world.generate import Shape
from sso_batch.sharding import Shard
from tests.support.command import CommandResult, finish, start
from tests.support.drivers import KILLED

RUN_ID = "torture"
SETTINGS = "collect:\n  requests_per_second: 1000\n  account_paths: false\n"  # OUs are asked two a second
IN_ORDER = "run:\n  max_parallel_organizations: 1\n"  # so that a shard killed in its middle has finished some
SHAPE = Shape(users=5, groups=2, permission_sets=2, accounts=3, pairs=4)
_PATIENCE = 1800.0  # seconds for one process
_PROGRAM = ("-m", "sso_batch")


class Torture:
    """One world, audited by one process and by shards; every difference is an AssertionError."""

    def __init__(self, world: World, folder: Path, *, shards: int, at_once: int) -> None:
        self.world = world
        self.folder = folder
        self.shards = shards
        self.at_once = at_once

    def run(self, emulator: Emulator, seed: int) -> None:
        """Audit both ways and compare."""
        ended, seconds = self._process(self._config("whole"), "run")
        _expect(ended, 0)
        _tell(f"one run of {len(self.world.organizations)} organizations: {seconds:.1f} s")
        config, victim = self._config("parts", IN_ORDER), random.Random(seed).randrange(self.shards)  # noqa: S311
        names = [one.name for one in self.world.organizations]
        mine = Shard(victim, self.shards).part(names)
        part = [name for name in names if name in mine]
        last = part[len(part) * 2 // 3]
        emulator.calls.clear()
        began = time.monotonic()
        with ThreadPoolExecutor(self.at_once) as pool:
            each = list(pool.map(lambda index: self._shard(config, index, victim, last), range(self.shards)))
        _tell(
            f"{self.shards} shards, {self.at_once} at once: {time.monotonic() - began:.1f} s; "
            f"each {min(each):.1f} to {max(each):.1f} s; shard {victim} killed at {last}"
        )
        finished = self._finished(part)
        before = Counter(emulator.calls)
        assert 0 < len(finished) < len(part), "the shard was killed in its middle"
        ended, seconds = self._process(config, "run", "--shard", f"{victim}/{self.shards}", "--resume")
        _expect(ended, 0)
        again = {name for name, _ in emulator.calls - before} - {""}
        assert again == set(part) - finished, "finished organizations are not asked again"
        _tell(f"shard {victim} resumed: {seconds:.1f} s, {len(finished)} of {len(part)} without a call")
        asked = emulator.calls.total()
        ended, seconds = self._process(config, "merge", "--wait", "1m")
        _expect(ended, 0)
        assert emulator.calls.total() == asked, "a merge asks nothing"
        _tell(f"merge: {seconds:.1f} s")
        self._compare()

    def _shard(self, config: Path, index: int, victim: int, last: str) -> float:
        shard = ("--shard", f"{index}/{self.shards}", "--resume")
        python = ("-c", KILLED, "after", f"*_{last}_*.csv") if index == victim else _PROGRAM
        ended, seconds = self._process(config, "run", *shard, python=python)
        _expect(ended, -9 if index == victim else 0)
        return seconds

    def _process(
        self, config: Path, *arguments: str, python: tuple[str, ...] = _PROGRAM
    ) -> tuple[CommandResult, float]:
        command, *options = arguments
        began = time.monotonic()
        quiet = ("--log-level", "error")
        process = start(*quiet, command, "--config", config, "--run-id", RUN_ID, *options, python=python)
        return finish(process, within=_PATIENCE), time.monotonic() - began

    def _config(self, name: str, settings: str = "") -> Path:
        file = self.folder / f"{name}.yaml"
        file.write_text(configuration(self.world, directory=str(self.folder / name)) + SETTINGS + settings)
        return file

    def _finished(self, part: list[str]) -> set[str]:
        there = {path.name.split("_")[4] for path in (self.folder / "parts").glob("*_snapshot.jsonl")}
        return there & set(part)

    def _compare(self) -> None:
        whole, parts = (self._access(name) for name in ("whole", "parts"))
        assert whole.keys() == parts.keys()
        assert len(whole) == len(self.world.organizations) + len(("merged", "findings"))
        assert whole == parts, "every CSV has the bytes of one run"
        _tell(f"{len(whole)} CSVs of {sum(map(len, whole.values())):,} bytes are the same")

    def _access(self, name: str) -> dict[str, bytes]:
        """The CSVs of a folder, by their names without the run's start."""
        (run_file,) = (self.folder / name).glob("*_run.json")
        assert run_file.name == f"aws_sso_access_report_{RUN_ID}_run.json"
        return {
            "_".join(path.stem.split("_")[4:-2]): path.read_bytes()
            for path in (self.folder / name).glob("*.csv")
        }


def _tell(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def _expect(ended: CommandResult, code: int) -> None:
    assert ended.code == code, f"{ended.code} instead of {code}: {ended.stderr[-2000:]}"


def main(arguments: list[str] | None = None) -> None:
    """Run, and print what was measured; the seed decides which shard is killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--organizations", type=int, default=300)
    parser.add_argument("--shards", type=int, default=10)
    parser.add_argument("--at-once", type=int, default=4)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    chosen = parser.parse_args(arguments)
    _tell(f"seed {chosen.seed}")
    world = generate(chosen.seed, organizations=chosen.organizations, shape=SHAPE)
    folder = Path(tempfile.mkdtemp(prefix="sso-batch-shards-"))
    try:
        with Emulator(world, limits=Limits.off()) as emulator:
            for name in [name for name in os.environ if name.startswith(("AWS_", "SSO_BATCH_"))]:
                del os.environ[name]
            os.environ.update(emulator.environment())
            Torture(world, folder, shards=chosen.shards, at_once=chosen.at_once).run(emulator, chosen.seed)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
