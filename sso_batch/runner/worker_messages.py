"""What a run and its worker processes send each other. Every message can be pickled."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sso_batch.config import Config
from sso_batch.errors import OrganizationError
from sso_batch.logs import LogSettings
from sso_batch.model import Instance
from sso_batch.review.roster import Roster
from sso_batch.run_files.results import OrganizationOutcome
from sso_batch.run_files.run import RunFacts
from sso_batch.runner.auditor import AuditLimits

# To a worker


@dataclass(frozen=True, slots=True)
class Begin:
    """The run: what a worker needs for its own context. The first message, and sent once."""

    config: Config
    facts: RunFacts
    started_at: datetime
    roster: Roster | None
    log: LogSettings
    is_terminal: bool
    """Whether the stream that the run logs to is a terminal."""


@dataclass(frozen=True, slots=True)
class AuditRequest:
    """Audit an organization. The time limit is on the monotonic clock that all processes share."""

    organization: str
    limits: AuditLimits


@dataclass(frozen=True, slots=True)
class ClaimAnswer:
    """Whether an organization may read its instance: `conflict` says why not."""

    organization: str
    conflict: OrganizationError | None


@dataclass(frozen=True, slots=True)
class Cancel:
    """Stop an organization: another entry has its instance, or without a `conflict` the run ends."""

    organization: str
    conflict: OrganizationError | None


@dataclass(frozen=True, slots=True)
class End:
    """Nothing is left to audit."""


ToWorker = Begin | AuditRequest | ClaimAnswer | Cancel | End

# From a worker


@dataclass(frozen=True, slots=True)
class LogText:
    """A formatted event of the log."""

    text: str


@dataclass(frozen=True, slots=True)
class Moved:
    """How many jobs of organizations are done, and how many are known, by the organizations' names."""

    jobs: Mapping[str, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Claim:
    """An organization has found its instance, and waits for a `ClaimAnswer`."""

    organization: str
    instance: Instance


@dataclass(frozen=True, slots=True)
class Ended:
    """An organization has ended."""

    organization: str
    outcome: OrganizationOutcome


FromWorker = LogText | Moved | Claim | Ended
