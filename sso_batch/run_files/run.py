"""What a run is before its first call, and how its work stops."""

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from sso_batch.run_files.file_names import MANIFEST, FileNames
from sso_batch.sharding import Shard

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What is known of a run, or of one shard of it, before its first call."""

    names: FileNames
    config_sha256: str
    strategy: str
    not_selected: tuple[str, ...]
    shard: Shard | None = None
    checks: tuple[str, ...] = ()
    """The checks that are not off."""

    @property
    def manifest_name(self) -> str:
        """The name of the run's manifest, or of the shard's."""
        return MANIFEST if self.shard is None else self.names.shard_manifest(self.shard.index)


class Stopped(Exception):  # noqa: N818 - nothing went wrong
    """The run was stopped in the middle of work with its files; a file that was being written is gone."""


def raise_if_stopped(stop: threading.Event) -> None:
    """Raise Stopped once `stop` is set."""
    if stop.is_set():
        raise Stopped


def checkpoint(stop: threading.Event) -> Callable[[], None]:
    """Return a function that raises Stopped once `stop` is set, for long work to call now and then."""
    return partial(raise_if_stopped, stop)


def until_stopped(parts: Iterable[_T], stop: threading.Event) -> Iterator[_T]:
    """Yield the parts; raise Stopped once `stop` is set."""
    for part in parts:
        raise_if_stopped(stop)
        yield part
