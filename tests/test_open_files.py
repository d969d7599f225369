"""Tests of the limit of open files: raised, shared and waited for."""

import errno
import os
import resource
from collections.abc import Callable
from pathlib import Path

import pytest

from sso_batch import open_files
from sso_batch.store import Folder, explain_error

FULL = OSError(errno.EMFILE, os.strerror(errno.EMFILE))
Limits = dict[str, tuple[int, int]]


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> Limits:
    """Replace the limits of the process; return them under `now`, with the highest allowed under `most`."""
    found = {"now": (256, resource.RLIM_INFINITY)}

    def set_(_: int, wanted: tuple[int, int]) -> None:
        if wanted[0] > found.get("most", (10**9, 0))[0]:
            raise ValueError("not allowed to raise maximum limit")
        found["now"] = wanted

    monkeypatch.setattr("sso_batch.open_files.resource.getrlimit", lambda _: found["now"])
    monkeypatch.setattr("sso_batch.open_files.resource.setrlimit", set_)
    return found


@pytest.mark.parametrize(
    ("soft", "hard", "most", "raised"),
    [
        (256, resource.RLIM_INFINITY, 10**9, 65_536),
        (256, resource.RLIM_INFINITY, 10_240, 10_240),
        (256, resource.RLIM_INFINITY, 5_000, 4_096),
        (256, resource.RLIM_INFINITY, 256, 256),
        (1024, 4_096, 10**9, 4_096),
        (1024, 1024, 10**9, 1024),
        (100_000, resource.RLIM_INFINITY, 10**9, 100_000),
        (resource.RLIM_INFINITY, resource.RLIM_INFINITY, 10**9, resource.RLIM_INFINITY),
    ],
)
def test_raise_limit(limits: Limits, soft: int, hard: int, most: int, raised: int) -> None:
    """The soft limit is raised as far as the system allows, up to 65,536, and never lowered."""
    limits.update(now=(soft, hard), most=(most, 0))

    open_files.raise_limit()

    assert limits["now"] == (raised, hard)


@pytest.mark.parametrize(
    ("soft", "wanted", "possible"),
    [
        (65_536, 200, 200),
        (1024, 20, 20),
        (1024, 200, 30),
        (256, 20, 6),
        (64, 20, 1),
        (10, 20, 1),
        (resource.RLIM_INFINITY, 500, 500),
    ],
)
def test_organizations_at_once(limits: Limits, soft: int, wanted: int, possible: int) -> None:
    """Only as many organizations are audited at once as descriptors allow, but at least one."""
    limits["now"] = (soft, soft)

    assert open_files.organizations_at_once(wanted) == possible


@pytest.mark.parametrize(
    ("soft", "calls"), [(1024, 16), (72, 16), (64, 12), (30, 2), (10, 2), (resource.RLIM_INFINITY, 16)]
)
def test_calls_at_once(limits: Limits, soft: int, calls: int) -> None:
    """With few descriptors an organization makes fewer calls at once, but at least two."""
    limits["now"] = (soft, soft)

    assert open_files.calls_at_once(16) == calls


class Cycle:
    """An object in a reference cycle, which adds its name to `closed` when it is collected."""

    def __init__(self, closed: list[str], name: str) -> None:
        self.closed, self.name = closed, name
        self.itself = self

    def __del__(self) -> None:
        self.closed.append(self.name)


def test_release_garbage(pauses: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that only garbage holds are closed, at most once a second."""
    monkeypatch.setattr(open_files, "_collected_at", [-1.0])
    closed: list[str] = []

    for name in ("first", "second"):
        Cycle(closed, name)
        open_files.release_garbage()
    assert closed == ["first"]

    pauses.append(1.0)
    open_files.release_garbage()
    assert closed == ["first", "second"]


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Record the pauses; time passes only during them."""
    made: list[float] = []
    monkeypatch.setattr("sso_batch.open_files.time.sleep", made.append)
    monkeypatch.setattr("sso_batch.open_files.time.monotonic", lambda: sum(made))
    return made


def opening(*results: Exception | int) -> Callable[[], int]:
    left = list(results)

    def open_() -> int:
        result = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(result, Exception):
            raise result
        return result

    return open_


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
def test_retry_open(pauses: list[float], number: int) -> None:
    """Opening a file waits for a descriptor."""
    full = OSError(number, os.strerror(number))

    assert open_files.retry_when_exhausted(opening(full, full, 7)) == 7
    assert len(pauses) == 2


def test_retry_open_gives_up(monkeypatch: pytest.MonkeyPatch, pauses: list[float]) -> None:
    """Opening a file fails if no descriptor becomes available in time."""
    monkeypatch.setattr(open_files, "_PATIENCE", 1.0)

    with pytest.raises(OSError, match="Too many open files"):
        open_files.retry_when_exhausted(opening(FULL))

    assert sum(pauses) == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.ENOENT])
def test_other_errors(pauses: list[float], number: int) -> None:
    """Any other error is raised at once."""
    with pytest.raises(OSError, match=os.strerror(number)):
        open_files.retry_when_exhausted(opening(OSError(number, os.strerror(number)), 7))

    assert pauses == []


@pytest.mark.parametrize("what", ["draft", "read", "publish"])
def test_files_of_a_run(
    monkeypatch: pytest.MonkeyPatch, pauses: list[float], tmp_path: Path, what: str
) -> None:
    """A file of a run is opened as soon as a descriptor is available."""
    folder = Folder(tmp_path)
    with folder.draft("before") as draft:
        draft.write(b"x")
        folder.publish(draft)
    system = os.open
    failed: list[bool] = []

    def open_(*arguments: object, **settings: object) -> int:
        if not failed:
            failed.append(True)
            raise FULL
        return system(*arguments, **settings)  # type: ignore[arg-type] # passed on

    def write() -> None:
        with folder.draft("after") as draft:
            if what == "publish":
                failed.clear()
            folder.publish(draft)

    if what == "publish":
        failed.append(True)
    monkeypatch.setattr(os, "open", open_)

    if what == "read":
        assert b"".join(folder.read("before")) == b"x"
    else:
        write()
        assert (tmp_path / "after").exists()
    assert failed
    assert len(pauses) == 1


def test_hint(limits: Limits) -> None:
    """The hint names the limit and how to raise it, and does not mention disk space."""
    limits["now"] = (256, 256)

    explained = explain_error(FULL)

    assert explained.code == "EMFILE"
    assert explained.hint.startswith("raise the limit of 256 open files for this process (`ulimit -n`")
    assert "make room" not in explained.hint
