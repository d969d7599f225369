"""The context of a run, so that a test names only what it is about."""

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Literal

from sso_batch.config import Config, Output, Review
from sso_batch.logs import LogSettings, make_logger
from sso_batch.run_files.run import RunFacts
from sso_batch.runner.context import RunContext
from sso_batch.runner.previous_runs import PreviousRuns
from sso_batch.store import Place, Store
from tests.support.records import FINISHED, STARTED

Format = Literal["csv", "html", "xlsx"]


class DiscardingStream:
    """A stream that keeps nothing."""

    def write(self, text: str) -> int:
        """Discard the text."""
        return len(text)

    def flush(self) -> None:
        """Do nothing."""

    def isatty(self) -> bool:
        """Return that this is not a terminal."""
        return False


def run_context(
    place: Place,
    facts: RunFacts,
    *,
    store: Store | None = None,
    formats: tuple[Format, ...] = ("csv",),
    review: Review | None = None,
    clock: Callable[[], datetime] = lambda: FINISHED,
    stop: threading.Event | None = None,
) -> RunContext:
    """Return the context of a run without organizations, whose log is discarded."""
    config = Config.model_construct(
        organizations=(), output=Output(formats=formats), review=review or Review()
    )
    log = make_logger(DiscardingStream(), LogSettings("error", "json"))
    own = store or place.run(facts.names.run_id)
    ends = stop or threading.Event()
    previous = PreviousRuns(place, facts.names, STARTED, ends)
    return RunContext(config, facts, STARTED, place, own, log, clock, ends, previous)
