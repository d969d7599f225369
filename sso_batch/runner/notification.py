"""What subscribers hear of a run that has ended; a failure here is told, and changes nothing else."""

import asyncio

from structlog.typing import FilteringBoundLogger

from sso_batch.aws.exceptions import AwsFailure
from sso_batch.aws.sns import publish
from sso_batch.report.notice import Notice
from sso_batch.runner.signals import Interruption

_PATIENCE = 20.0
"""Seconds in which SNS has to take the notice."""

_HURRY = 1.5
"""The same where the run was told to end."""


async def notify(topic_arn: str, told: Notice, log: FilteringBoundLogger, interruption: Interruption) -> None:
    """Publish a notice to a topic and log what became of it. A signal ends the attempt, and is logged."""
    hurried = interruption.signal is not None
    within = _HURRY if hurried else _PATIENCE
    publishing = asyncio.ensure_future(publish(topic_arn, told.subject, told.message, within=within))
    if hurried:
        await asyncio.wait([publishing])
    else:
        await interruption.wait_for(publishing)
    if not publishing.done():
        publishing.cancel()
        _failed(log, topic_arn, "Interrupted", "a signal ended the run before SNS answered", "")
        return
    try:
        message_id = publishing.result()
    except AwsFailure as failure:
        _failed(log, topic_arn, failure.code, failure.message, failure.hint)
    else:
        log.info("notify.published", topic=topic_arn, message_id=message_id)


def _failed(log: FilteringBoundLogger, topic_arn: str, code: str, message: str, hint: str) -> None:
    consequence = "the files and the exit code are those of the run; nobody was told of it"
    log.error(
        "notify.failed", topic=topic_arn, code=code, message=message, hint=hint, consequence=consequence
    )
