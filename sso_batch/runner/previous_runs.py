"""Earlier runs in a place, found by their manifests alone."""

from collections.abc import Iterator
from dataclasses import dataclass

from sso_batch.run_files.file_names import FileNames
from sso_batch.run_files.manifest import Manifest, ManifestError, read_manifest
from sso_batch.run_files.results import Status
from sso_batch.store import FileEntry, StorageError, Store, explain_error


@dataclass(frozen=True, slots=True)
class PreviousResult:
    """The complete result of an organization in an earlier run."""

    run_id: str
    snapshot_file: FileEntry


@dataclass(frozen=True, slots=True)
class UnusableManifest:
    """A manifest of an earlier run, or the list of manifests, that cannot be read, and why."""

    file: str
    code: str
    message: str
    hint: str


class PreviousRuns:
    """The runs in a place that started before `ts`, from the newest on, read only as far as needed.

    A manifest that cannot be used is skipped: one of another version, of another user, behind a symbolic
    link, or in an archive. `unusable` lists the skipped ones, in this order.
    """

    def __init__(self, store: Store, ts: str) -> None:
        self._store = store
        self._read: list[Manifest | UnusableManifest] = []
        self._unread = self._manifests(ts)

    @property
    def unusable(self) -> tuple[UnusableManifest, ...]:
        """The manifests that were skipped so far."""
        return tuple(manifest for manifest in self._read if isinstance(manifest, UnusableManifest))

    def newest(self, organization: str) -> tuple[PreviousResult | None, tuple[UnusableManifest, ...]]:
        """Return the newest complete result of the organization, and the manifests skipped before it."""
        skipped: list[UnusableManifest] = []
        for manifest in self._each():
            if isinstance(manifest, UnusableManifest):
                skipped.append(manifest)
                continue
            for outcome in manifest.outcome.organizations:
                complete = outcome.status is Status.COMPLETE
                if outcome.name == organization and complete and outcome.snapshot_file:
                    return PreviousResult(manifest.run_id, outcome.snapshot_file), tuple(skipped)
        return None, tuple(skipped)

    def _each(self) -> Iterator[Manifest | UnusableManifest]:
        yield from self._read
        for manifest in self._unread:
            self._read.append(manifest)
            yield manifest

    def _manifests(self, ts: str) -> Iterator[Manifest | UnusableManifest]:
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
                yield UnusableManifest(name, "ManifestError", error.message, "")


def _unusable(name: str, error: OSError) -> UnusableManifest:
    """Return a manifest that cannot be read; the hint of other errors is about writing."""
    reason = explain_error(error)
    hint = error.hint if isinstance(error, StorageError) else ""
    return UnusableManifest(name, reason.code, reason.message, hint)


def manifest_names(store: Store, *, before: str = "99999999_999999") -> list[str]:
    """Return the manifests of runs, not of shards, that started before a time, the newest first."""
    starts = ((FileNames.start_in_manifest_name(stored.name), stored.name) for stored in store.stored())
    found = ((start, name) for start, name in starts if start is not None and start < before)
    return [name for _, name in sorted(found, reverse=True)]
