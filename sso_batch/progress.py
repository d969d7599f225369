"""What a run tells of its advance to whoever watches; library code never sees a bar."""

from typing import Protocol

from sso_batch.run_files.results import Status


class Progress(Protocol):
    """Somebody who watches."""

    def started(self, organization: str) -> None:
        """An organization's audit begins."""

    def moved(self, organization: str, *, done: int, known: int) -> None:
        """So many of the questions known so far have been answered; there can be more to come."""

    def ended(self, organization: str, status: Status) -> None:
        """An organization's audit has ended."""


class Unwatched:
    """Nobody watches."""

    def started(self, organization: str) -> None:
        """Say nothing."""

    def moved(self, organization: str, *, done: int, known: int) -> None:
        """Say nothing."""

    def ended(self, organization: str, status: Status) -> None:
        """Say nothing."""
