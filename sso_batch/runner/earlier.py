"""Earlier runs in a place, found through their manifests alone."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sso_batch.outcome import Status
from sso_batch.report.manifest_reading import Manifest, ManifestError, read_manifest
from sso_batch.store import PREFIX, Store

_MANIFEST = re.compile(re.escape(PREFIX) + r"([0-9]{8}_[0-9]{6})_manifest\.json")


@dataclass(frozen=True, slots=True)
class Earlier:
    """An organization as an earlier run left it, complete."""

    run_id: str
    snapshot_file: str


class EarlierRuns:
    """The runs in a place that began before `ts`, read from the newest on and only as far as need be.

    A manifest that cannot be used, of another version perhaps, is passed over; `unusable` names it.
    """

    def __init__(self, store: Store, ts: str) -> None:
        self.unusable: list[str] = []
        self._store = store
        self._read: list[Manifest] = []
        self._unread = self._manifests(manifest_names(store, before=ts))

    def newest(self, organization: str) -> Earlier | None:
        """The organization in the newest run that has it complete."""
        for manifest in self._each():
            for one in manifest.outcome.organizations:
                if one.name == organization and one.status is Status.COMPLETE and one.snapshot_file:
                    return Earlier(manifest.run_id, one.snapshot_file.name)
        return None

    def _each(self) -> Iterator[Manifest]:
        yield from self._read
        for manifest in self._unread:
            self._read.append(manifest)
            yield manifest

    def _manifests(self, names: Sequence[str]) -> Iterator[Manifest]:
        for name in names:
            try:
                yield read_manifest(b"".join(self._store.read(name)))
            except ManifestError:
                self.unusable.append(name)


def manifest_names(store: Store, *, before: str = "99999999_999999") -> list[str]:
    """The manifests of whole runs in a place that began before a time, the newest first."""
    found = ((match[1], one.name) for one in store.stored() if (match := _MANIFEST.fullmatch(one.name)))
    return [name for ts, name in sorted(found, reverse=True) if ts < before]
