"""The progress of a run, as an interface: library code does not know about progress bars."""

from typing import Protocol

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
