"""One organization of a run, from its audit to its files; whatever is raised in it ends here."""

import asyncio
import contextlib
import threading
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import partial
from typing import TypeVar

from structlog.typing import FilteringBoundLogger

from sso_batch.collect import Audit
from sso_batch.daemon_threads import Workers
from sso_batch.errors import OrganizationError
from sso_batch.model import Gap, Instance, Snapshot
from sso_batch.run_files.file_names import FileNames
from sso_batch.run_files.results import NOTHING, Calls, Counts, OrganizationOutcome, Status
from sso_batch.run_files.run import Stopped
from sso_batch.run_files.writer import WrittenOrganization, write_organization
from sso_batch.runner.existing_results import Archive
from sso_batch.store import FileEntry, Store, trouble

T = TypeVar("T")

_TRIES = 3  # to publish a name that another process of this run takes at the same moment
_SHOWN = 5  # resources that a log line about gaps names; the manifest has them all
_EVENTS = {
    Status.COMPLETE: "org.completed",
    Status.INCOMPLETE: "org.incomplete",
    Status.FAILED: "org.failed",
    Status.INTERRUPTED: "org.interrupted",
}


@dataclass(frozen=True, slots=True)
class Desk:
    """Where and how an organization's files are written."""

    store: Store
    names: FileNames
    csv: bool
    escape_formulas: bool
    writers: Workers
    archive: Archive


class OrganizationRun:
    """Audits one organization and writes its files; `run` always ends with an outcome."""

    def __init__(
        self,
        name: str,
        audit: Audit,
        desk: Desk,
        log: FilteringBoundLogger,
        clock: Callable[[], datetime],
        cancelled_for: Callable[[str], OrganizationError | None],
    ) -> None:
        self._name = name
        self._audit = audit
        self._desk = desk
        self._log = log.bind(org=name)
        self._clock = clock
        self._cancelled_for = cancelled_for
        self._started_at = clock()

    async def run(self) -> OrganizationOutcome:
        """Audit, write, and give the outcome, whatever happens."""
        self._started_at = self._clock()
        self._log.info("org.started")
        outcome = await self._bounded(self._anew())
        assert outcome is not None, "an audit always has one"  # noqa: S101 - for the type checker
        return outcome

    async def take_over(
        self, claim: Callable[[Instance], None], *, incomplete: bool = False
    ) -> OrganizationOutcome | None:
        """The outcome that an earlier try of the run has left; None where the organization has to be audited.

        What does not stand is removed. With `incomplete`, an incomplete result stands, too. `claim` is told
        the instance, and may refuse.
        """
        return await self._bounded(self._earlier(claim, incomplete=incomplete))

    async def _bounded(self, work: Awaitable[OrganizationOutcome | None]) -> OrganizationOutcome | None:
        """The outcome, whatever is raised: this is the boundary of an organization."""
        try:
            outcome = await work
        except OrganizationError as error:
            outcome = self._failed(_gap(self._name, error))
        except asyncio.CancelledError:
            loss = self._cancelled_for(self._name)
            outcome = self._failed(_gap(self._name, loss)) if loss else self._ended(Status.INTERRUPTED)
        except OSError as error:
            outcome = self._failed(_unwritten(self._name, error))
        except Exception as error:  # noqa: BLE001 - the one boundary of an organization
            self._log.exception("org.bug")
            outcome = self._failed(_bug(self._name, error), bug=True)
        if outcome is not None:
            self._tell(outcome)
        return outcome

    async def _anew(self) -> OrganizationOutcome:
        """Audit and write. Where another process of this run has just finished the organization, take its."""
        config_sha256 = self._desk.archive.fingerprints[self._name]
        snapshot = replace(await self._audit.run(), config_sha256=config_sha256)
        for _ in range(_TRIES):
            with contextlib.suppress(FileExistsError):
                return self._read(snapshot, await self._write(snapshot))
            theirs = await self._at_desk(self._what_stands)
            if theirs is not None:
                return theirs
        return self._read(snapshot, await self._write(snapshot))

    async def _earlier(
        self, claim: Callable[[Instance], None], *, incomplete: bool
    ) -> OrganizationOutcome | None:
        outcome = await self._at_desk(partial(self._what_stands, incomplete=incomplete))
        if outcome is not None and outcome.instance is not None:
            try:
                claim(outcome.instance)
            except OrganizationError:
                self._desk.archive.remove(self._name)
                raise
        return outcome

    def _what_stands(self, stop: threading.Event, *, incomplete: bool = False) -> OrganizationOutcome | None:
        """What another try or process has left, whole; whatever is not is removed."""
        outcome = self._desk.archive.take_over(self._name, stop, incomplete=incomplete)
        if outcome is None:
            self._desk.archive.remove(self._name)
        return outcome

    def interrupted(self) -> OrganizationOutcome:
        """The outcome of an organization whose turn never came."""
        outcome = self._ended(Status.INTERRUPTED)
        self._tell(outcome)
        return outcome

    async def _write(self, snapshot: Snapshot) -> WrittenOrganization:
        """Write the files in a thread. Told to end, wait for it: it stops soon, or has just finished.

        Files of an entry that has lost its claim are taken back: another entry writes the same rows.
        """
        desk = self._desk

        def write(stop: threading.Event) -> WrittenOrganization:
            return write_organization(
                desk.store, desk.names, snapshot, csv=desk.csv, escape=desk.escape_formulas, stop=stop
            )

        return await self._at_desk(write)

    async def _at_desk(self, work: Callable[[threading.Event], T]) -> T:
        """Do `work` in a thread. Told to end, wait for it: it stops soon, or has just finished.

        Files of an entry that has lost its claim are taken back: another entry writes the same rows.
        """
        stop = threading.Event()
        working = asyncio.ensure_future(self._desk.writers.run(partial(work, stop)))
        try:
            return await asyncio.shield(working)
        except asyncio.CancelledError:
            stop.set()
            with contextlib.suppress(Stopped):
                done = await working
                if self._cancelled_for(self._name) is None:
                    return done
                await self._desk.writers.run(partial(self._desk.archive.remove, self._name))
            raise

    def _read(self, snapshot: Snapshot, written: WrittenOrganization) -> OrganizationOutcome:
        return self._ended(
            Status.COMPLETE if snapshot.complete else Status.INCOMPLETE,
            counts=Counts.of(snapshot, rows=written.rows),
            not_examined=snapshot.not_examined,
            gaps=snapshot.gaps,
            files=written.files,
        )

    def _failed(self, gap: Gap, *, bug: bool = False) -> OrganizationOutcome:
        return self._ended(Status.FAILED, gaps=(gap,), bug=bug)

    def _ended(
        self,
        status: Status,
        *,
        counts: Counts = NOTHING,
        not_examined: tuple[str, ...] = (),
        gaps: tuple[Gap, ...] = (),
        files: tuple[FileEntry, ...] = (),
        bug: bool = False,
    ) -> OrganizationOutcome:
        tally = self._audit.tally
        return OrganizationOutcome(
            name=self._name,
            status=status,
            started_at=self._started_at,
            finished_at=self._clock(),
            region=self._audit.region,
            instance=self._audit.instance,
            counts=counts,
            calls=Calls(
                total=tally.by_operation.total(),
                throttled=tally.throttled,
                retried=tally.retried,
                by_operation=dict(sorted(tally.by_operation.items())),
            ),
            not_examined=not_examined,
            gaps=gaps,
            files=files,
            endpoint_overrides=self._audit.endpoint_overrides,
            bug=bug,
        )

    def _tell(self, outcome: OrganizationOutcome) -> None:
        for gap, resources in _alike(outcome.gaps):
            self._log.error(
                "collect.gap",
                operation=gap.operation,
                code=gap.code,
                message=gap.message,
                hint=gap.hint,
                count=len(resources),
                resources=resources[:_SHOWN],
            )
        if outcome.calls.throttled:
            self._log.warning(
                "collect.throttled", throttled=outcome.calls.throttled, calls=outcome.calls.total
            )
        tell = self._log.info if outcome.status is Status.COMPLETE else self._log.error
        tell(
            _EVENTS[outcome.status],
            **asdict(outcome.counts),
            calls=outcome.calls.total,
            gaps=len(outcome.gaps),
            resumed=outcome.resumed,
            seconds=round((outcome.finished_at - outcome.started_at).total_seconds(), 3),
        )


def _alike(gaps: Iterable[Gap]) -> list[tuple[Gap, list[str]]]:
    """Gaps that differ in their resource alone, as the first of them with all the resources."""
    resources: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    first: dict[tuple[str, str], Gap] = {}
    for gap in gaps:
        resources[gap.operation, gap.code].append(gap.resource)
        first.setdefault((gap.operation, gap.code), gap)
    return [(first[kind], found) for kind, found in resources.items()]


def _gap(name: str, error: OrganizationError) -> Gap:
    return Gap(error.operation, name, error.code, error.message, error.hint)


def _unwritten(name: str, error: OSError) -> Gap:
    told = trouble(error)
    message = f"the organization's files could not be written: {told.message}"
    return Gap("write", name, told.code, message, told.hint)


def _bug(name: str, error: Exception) -> Gap:
    return Gap(
        "sso-batch",
        name,
        "UnexpectedError",
        f"a defect of sso-batch: {type(error).__name__}",
        "please report it with the traceback from the log",
    )
