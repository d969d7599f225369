"""Reads a run's files back: each is compared with its entry, and reading stops once the run is to end."""

import threading
from collections.abc import Iterable, Iterator
from typing import TypeVar

from sso_batch.model import Snapshot
from sso_batch.run_files.snapshot import decode
from sso_batch.run_files.verification import verified
from sso_batch.run_files.writer import Stopped
from sso_batch.store import FileEntry, Store, decode_lines

_T = TypeVar("_T")


def until(stop: threading.Event, parts: Iterable[_T]) -> Iterator[_T]:
    """Yield the parts; raise Stopped once `stop` is set."""
    for part in parts:
        if stop.is_set():
            raise Stopped
        yield part


def read_snapshot(store: Store, entry: FileEntry, stop: threading.Event) -> Snapshot:
    """Read the snapshot that an entry names.

    Raises FileChangedError where its bytes are not the entry's, Stopped, another OSError, or SnapshotError.
    """
    return decode(until(stop, decode_lines(verified(store, entry))))
