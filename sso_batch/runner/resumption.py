"""What a run that goes on makes of the files that it finds: which results stand, which go. Pure."""

from collections.abc import Container, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sso_batch.model import Snapshot
from sso_batch.run_files.file_names import FileNames
from sso_batch.store import Stored

_DEAD = timedelta(hours=1)
"""A file that nobody has written to for so long, and that has no final name yet, has lost its writer."""


class Standing(StrEnum):
    """Why an organization's earlier result stands, or does not."""

    FINISHED = "finished"
    NOT_THERE = "not there"
    NOT_WHOLE = "not whole"
    OF_ANOTHER = "of another organization"
    INCOMPLETE = "incomplete"
    TOO_OLD = "too old"
    CONFIGURED_OTHERWISE = "made by another configuration"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an earlier result of an organization must be: by which configuration, and how new."""

    organization: str
    config_sha256: str
    not_before: datetime | None


@dataclass(frozen=True, slots=True)
class Found:
    """What is there of an organization: whether its snapshot has a file, and what could be read of that."""

    there: bool
    snapshot: Snapshot | None


def standing(found: Found, wanted: Wanted) -> Standing:
    """Whether an organization's result can be taken over, and why not.

    Its snapshot alone decides, which is published last: a CSV without one is of a process that was killed.
    """
    snapshot = found.snapshot
    if snapshot is None:
        return Standing.NOT_WHOLE if found.there else Standing.NOT_THERE
    if snapshot.organization != wanted.organization:
        return Standing.OF_ANOTHER
    if snapshot.config_sha256 != wanted.config_sha256:
        return Standing.CONFIGURED_OTHERWISE
    if wanted.not_before is not None and snapshot.finished_at < wanted.not_before:
        return Standing.TOO_OLD
    return Standing.FINISHED if snapshot.complete else Standing.INCOMPLETE


def stale(names: FileNames, stored: Iterable[Stored], written: Container[str]) -> tuple[str, ...]:
    """The files made from all organizations that are not among those that were written last."""
    return tuple(one.name for one in stored if names.is_merged(one.name) and one.name not in written)


def unknown(names: FileNames, stored: Iterable[Stored], known: Container[str]) -> tuple[str, ...]:
    """Name the files of organizations that are not known."""
    found = ((one.name, names.organization_of(one.name)) for one in stored)
    return tuple(
        name for name, organization in found if organization is not None and organization not in known
    )


def abandoned(names: FileNames, stored: Iterable[Stored], now: datetime) -> tuple[str, ...]:
    """The run's files that were never published and whose writer must be gone.

    A newer one can belong to another process of the run, and is left alone; it counts nowhere.
    """
    return tuple(one.name for one in stored if names.is_draft(one.name) and one.modified < now - _DEAD)
