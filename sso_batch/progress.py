"""How a command shows what it does: its log, and its progress as an interface without progress bars."""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from structlog.typing import FilteringBoundLogger

from sso_batch.logs import LogSettings, Stream, make_logger
from sso_batch.run_files.results import OrganizationOutcome


class Progress(Protocol):
    """An observer of a run's progress."""

    def started(self, organization: str) -> None:
        """Note that the audit of an organization has started."""

    def moved(self, organization: str, *, done: int, known: int) -> None:
        """Note that `done` of the `known` calls are finished; further calls may become known."""

    def ended(self, organization: str, outcome: OrganizationOutcome) -> None:
        """Note that an organization has ended, or that an earlier attempt had finished it."""

    def checked(self, organization: str) -> None:
        """Note that the preflight of an organization has ended."""


class NoProgress:
    """An observer that does nothing."""

    def started(self, organization: str) -> None:
        """Do nothing."""

    def moved(self, organization: str, *, done: int, known: int) -> None:
        """Do nothing."""

    def ended(self, organization: str, outcome: OrganizationOutcome) -> None:
        """Do nothing."""

    def checked(self, organization: str) -> None:
        """Do nothing."""


@dataclass(frozen=True)
class Watch:
    """The stream that a command logs to, what it logs and in which form, and who observes its progress."""

    stream: Stream
    settings: LogSettings
    progress: Progress

    @cached_property
    def log(self) -> FilteringBoundLogger:
        """The logger of the command."""
        return make_logger(self.stream, self.settings)
