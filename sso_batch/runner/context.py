"""What all parts of a run work with."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from structlog.typing import FilteringBoundLogger

from sso_batch.config import Config
from sso_batch.review.roster import Roster
from sso_batch.run_files.file_names import FileNames
from sso_batch.run_files.run import RunFacts
from sso_batch.runner.previous_runs import PreviousRuns
from sso_batch.store import Place, Store


@dataclass(frozen=True, slots=True)
class RunContext:
    """One run, shard or merge: its configuration, its facts, and its surroundings.

    `store` has the run's files, and `place` those of earlier runs, which `previous` reads. `stop` is set once
    the run has to end, for threads that work for it. `roster` says who works here, if the configuration names
    one.
    """

    config: Config
    facts: RunFacts
    started_at: datetime
    place: Place
    store: Store
    log: FilteringBoundLogger
    clock: Callable[[], datetime]
    stop: threading.Event
    previous: PreviousRuns
    roster: Roster | None = None

    @property
    def names(self) -> FileNames:
        """The names of the run's files."""
        return self.facts.names

    @property
    def compares(self) -> bool:
        """Whether the run is compared with an earlier one."""
        return self.config.review.compare == "previous"

    @property
    def csv(self) -> bool:
        """Whether the run writes CSV files."""
        return "csv" in self.config.output.formats

    @property
    def escape_formulas(self) -> bool:
        """Whether formulas are escaped in CSV files."""
        return self.config.output.escape_formulas


def run_logger(log: FilteringBoundLogger, facts: RunFacts) -> FilteringBoundLogger:
    """Return a logger whose events name the run, and its shard if it is one."""
    shard = {"shard": str(facts.shard)} if facts.shard else {}
    return log.bind(run_id=facts.names.run_id, **shard)
