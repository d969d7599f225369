"""Damaged configurations, manifests, run files and snapshots: each can be read or is a clear error."""

import random
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import click

from sso_batch.config import load
from sso_batch.errors import SsoBatchError
from sso_batch.run_files.file_names import FileNames
from sso_batch.run_files.manifest import encode_manifest, encode_run_file, read_manifest, read_run_file
from sso_batch.run_files.run import RunFacts
from sso_batch.run_files.snapshot import decode, encode
from tests.support.command import SOURCES
from tests.support.records import gap, outcome, run_outcome, small_organization

Reader = Callable[[bytes], object]

_NAMES = FileNames("nightly", "20260304_050607")
_PIECES = (
    *(b"\x00", b"\xff\xfe", b"\x85", b"\t", b"\n", b'"', b"'", b"{", b"}", b"[", b"]", b":", b": ", b"- "),
    *(b"&a", b"*a", b"<<: *a", b"!!python/object:os.system", b"? ", b"|", b"%YAML 9.9\n", b"---\n", b"..."),
    *(
        b"null",
        b"NaN",
        b"1e999",
        b"-1",
        b"012",
        b"9" * 400,
        b"true",
        b"2026-13-45",
        b"\\ud800",
        b"${HOME",
        b"${A}",
    ),
    *(b"[" * 3000, b"{a: " * 300, b"x" * 5000),
)


def read_damaged_files(count: int, seed: int) -> Iterator[str]:
    """Damage each kind of file `count` times; yield those that raise an unexpected exception."""
    dice = random.Random(seed)  # noqa: S311 - not a secret
    rejected = 0
    for kind, (valid, read) in _kinds().items():
        read(valid)
        for _ in range(count):
            damaged = _damaged(valid, dice)
            try:
                read(damaged)
            except SsoBatchError:
                rejected += 1
            except Exception as error:  # noqa: BLE001 - unexpected exceptions are the problem
                yield f"{kind}: {type(error).__name__}: {error} for {damaged[:200]!r}"
        yield from (
            f"{kind}: truncated, but not rejected"
            for _ in range(count)
            if not _is_rejected(valid, read, dice)
        )
    click.echo(
        f"{count} damaged files of each of {len(_kinds())} kinds, {rejected} rejected with an error message"
    )


def stress(seed: int) -> Iterator[str]:
    """Damage 10,000 files of each kind."""
    yield from read_damaged_files(10_000, seed)


def _kinds() -> dict[str, tuple[bytes, Reader]]:
    """Return a valid file and its reader, by kind."""
    facts = RunFacts(_NAMES, "0" * 64, "complete", ("initech",))
    run = run_outcome(outcome("acme", gaps=(gap(),)), outcome("globex"))
    started = encode_run_file(_NAMES, datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC), shards=3)
    return {
        "configuration": ((SOURCES / "config" / "orgs.example.yaml").read_bytes(), _configuration),
        "manifest": (encode_manifest(facts, run), read_manifest),
        "run file": (started, read_run_file),
        "snapshot": ("".join(encode(small_organization())).encode(), _snapshot),
    }


def _configuration(content: bytes) -> object:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "orgs.yaml"
        file.write_bytes(content)
        return load(file, {"A": "b", "GLOBEX_EXTERNAL_ID": "made-up"})


def _snapshot(content: bytes) -> object:
    return decode(content.decode(errors="replace").splitlines(keepends=True))


def _is_rejected(valid: bytes, read: Reader, dice: random.Random) -> bool:
    """Return whether a truncated file is rejected; truncated YAML may be valid."""
    if read is _configuration:
        return True
    try:
        read(valid[: dice.randrange(len(valid.rstrip()))])
    except SsoBatchError:
        return True
    return False


def _damaged(valid: bytes, dice: random.Random) -> bytes:
    """Return the file with parts removed, repeated, moved or replaced."""
    content = bytearray(valid)
    for _ in range(dice.randint(1, 4)):
        start = dice.randrange(len(content) + 1)
        end = min(len(content), start + dice.choice((0, 1, 1, 3, 20, 300)))
        piece = bytes(content[start:end])
        content[start:end] = dice.choice((b"", piece * 2, dice.choice(_PIECES), bytes([dice.randrange(256)])))
        if dice.random() < 0.1:
            position = dice.randrange(len(content) + 1)
            content[position:position] = piece
    return bytes(content)
