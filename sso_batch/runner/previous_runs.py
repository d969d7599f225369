"""Earlier runs in a place, found through their manifests alone."""

from collections.abc import Iterator
from dataclasses import dataclass

from sso_batch.run_files.file_names import FileNames
from sso_batch.run_files.manifest import Manifest, ManifestError, read_manifest
from sso_batch.run_files.results import Status
from sso_batch.store import FileEntry, PlaceError, Store, trouble


@dataclass(frozen=True, slots=True)
class Earlier:
    """An organization as an earlier run left it, complete."""

    run_id: str
    snapshot_file: FileEntry


@dataclass(frozen=True, slots=True)
class Unusable:
    """A manifest of an earlier run that cannot be read, or the list of them all, and why."""

    file: str
    code: str
    message: str
    hint: str


class EarlierRuns:
    """The runs in a place that began before `ts`, read from the newest on and only as far as need be.

    A manifest that cannot be used is skipped: one of another version, of another user, behind a symbolic
    link, or in an archive. `unusable` names those that were, in this order.
    """

    def __init__(self, store: Store, ts: str) -> None:
        self._store = store
        self._read: list[Manifest | Unusable] = []
        self._unread = self._manifests(ts)

    @property
    def unusable(self) -> tuple[Unusable, ...]:
        """The manifests that were skipped so far."""
        return tuple(one for one in self._read if isinstance(one, Unusable))

    def newest(self, organization: str) -> tuple[Earlier | None, tuple[Unusable, ...]]:
        """Find the newest run that has the organization complete, and the manifests skipped before it."""
        skipped: list[Unusable] = []
        for manifest in self._each():
            if isinstance(manifest, Unusable):
                skipped.append(manifest)
                continue
            for one in manifest.outcome.organizations:
                if one.name == organization and one.status is Status.COMPLETE and one.snapshot_file:
                    return Earlier(manifest.run_id, one.snapshot_file), tuple(skipped)
        return None, tuple(skipped)

    def _each(self) -> Iterator[Manifest | Unusable]:
        yield from self._read
        for manifest in self._unread:
            self._read.append(manifest)
            yield manifest

    def _manifests(self, ts: str) -> Iterator[Manifest | Unusable]:
        try:
            names = manifest_names(self._store, before=ts)
        except OSError as error:
            yield _unusable("the list of earlier runs", error)
            return
        for name in names:
            try:
                yield read_manifest(b"".join(self._store.read(name)))
            except OSError as error:
                yield _unusable(name, error)
            except ManifestError as error:
                yield Unusable(name, "ManifestError", error.message, "")


def _unusable(name: str, error: OSError) -> Unusable:
    """Give what went wrong with reading; the hint for writing would not help."""
    told = trouble(error)
    return Unusable(name, told.code, told.message, error.hint if isinstance(error, PlaceError) else "")


def manifest_names(store: Store, *, before: str = "99999999_999999") -> list[str]:
    """The manifests of whole runs in a place that began before a time, the newest first."""
    starts = ((FileNames.start_in_manifest_name(stored.name), stored.name) for stored in store.stored())
    found = ((start, name) for start, name in starts if start is not None and start < before)
    return [name for _, name in sorted(found, reverse=True)]
