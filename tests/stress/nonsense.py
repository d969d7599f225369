"""Damaged configurations, manifests, run files and snapshots: each is refused in words, or can be read."""

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
from tests.end_to_end.command import SOURCES
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


def nonsense(tries: int, seed: int) -> Iterator[str]:
    """Damage each kind of file so many times; give what was neither read nor refused in words."""
    dice = random.Random(seed)  # noqa: S311 - not a secret
    refused = 0
    for kind, (whole, read) in _kinds().items():
        read(whole)
        for _ in range(tries):
            damaged = _damaged(whole, dice)
            try:
                read(damaged)
            except SsoBatchError:
                refused += 1
            except Exception as error:  # noqa: BLE001 - this is what is looked for
                yield f"{kind}: {type(error).__name__}: {error} for {damaged[:200]!r}"
        yield from (
            f"{kind}: cut off, and not refused" for _ in range(tries) if not _is_refused(whole, read, dice)
        )
    click.echo(f"{tries} damaged files of each of {len(_kinds())} kinds, {refused} refused in words")


def torture(seed: int) -> Iterator[str]:
    """Damage ten thousand files of each kind."""
    yield from nonsense(10_000, seed)


def _kinds() -> dict[str, tuple[bytes, Reader]]:
    """By kind a whole file and what reads it."""
    facts = RunFacts(_NAMES, "0" * 64, "complete", ("initech",))
    run = run_outcome(outcome("acme", gaps=(gap(),)), outcome("globex"))
    began = encode_run_file(_NAMES, datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC), shards=3)
    return {
        "configuration": ((SOURCES / "config" / "orgs.example.yaml").read_bytes(), _configuration),
        "manifest": (encode_manifest(facts, run), read_manifest),
        "run file": (began, read_run_file),
        "snapshot": ("".join(encode(small_organization())).encode(), _snapshot),
    }


def _configuration(content: bytes) -> object:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "orgs.yaml"
        file.write_bytes(content)
        return load(file, {"A": "b", "GLOBEX_EXTERNAL_ID": "made-up"})


def _snapshot(content: bytes) -> object:
    return decode(content.decode(errors="replace").splitlines(keepends=True))


def _is_refused(whole: bytes, read: Reader, dice: random.Random) -> bool:
    """Whether a file that was cut off somewhere is refused; YAML cannot know its end."""
    if read is _configuration:
        return True
    try:
        read(whole[: dice.randrange(len(whole.rstrip()))])
    except SsoBatchError:
        return True
    return False


def _damaged(whole: bytes, dice: random.Random) -> bytes:
    """The file with a few pieces gone, doubled, put elsewhere or replaced by nonsense."""
    content = bytearray(whole)
    for _ in range(dice.randint(1, 4)):
        begin = dice.randrange(len(content) + 1)
        end = min(len(content), begin + dice.choice((0, 1, 1, 3, 20, 300)))
        piece = bytes(content[begin:end])
        content[begin:end] = dice.choice((b"", piece * 2, dice.choice(_PIECES), bytes([dice.randrange(256)])))
        if dice.random() < 0.1:
            at = dice.randrange(len(content) + 1)
            content[at:at] = piece
    return bytes(content)
