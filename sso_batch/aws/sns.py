"""Notifications of a run through an SNS topic."""

import asyncio
import hashlib

from sso_batch.aws.connection_pool import ConnectionPool
from sso_batch.aws.credential_source import CredentialSource
from sso_batch.aws.error_codes import DEADLINE, NO_ANSWER
from sso_batch.aws.exceptions import AwsFailure
from sso_batch.aws.gateway import CallCounts, Gateway
from sso_batch.aws.hints.topic_hints import on_topic
from sso_batch.aws.operations import PUBLISH
from sso_batch.aws.time_limit import TimeLimit
from sso_batch.daemon_threads import DaemonThreads
from sso_batch.errors import OrganizationError


async def publish(topic_arn: str, subject: str, message: str, *, within: float) -> str:
    """Publish a message with the environment's own credentials and return its id.

    Raise AwsFailure, with a hint about topics, if SNS has not accepted it `within` this many seconds.
    """
    region = topic_arn.split(":")[3]
    end = asyncio.get_running_loop().time() + within
    limit = TimeLimit(end, f"the {within:g} s that SNS has to accept the notification", "")
    workers, pool = DaemonThreads(1, "topic"), ConnectionPool(1)
    try:
        connection = await pool.connect(CredentialSource(), region, (PUBLISH.service,), deadline=limit)
        gateway = Gateway(connection.client, workers, rates={}, counts=CallCounts(), deadline=limit)
        return await gateway.call(
            PUBLISH,
            lambda answer: str(answer["MessageId"]),
            TopicArn=topic_arn,
            Subject=subject,
            Message=message,
            **_fifo_parameters(topic_arn, message),
        )
    except AwsFailure as failure:
        code = _public_code(failure.code)
        raise AwsFailure(failure.operation, code, failure.message, hint=on_topic(failure)) from None
    except OrganizationError as error:  # from the credentials, or the profile that the environment names
        raise AwsFailure(PUBLISH.name, _public_code(error.code), error.message, hint=error.hint) from None
    finally:
        pool.close()
        workers.close()


def _fifo_parameters(topic_arn: str, message: str) -> dict[str, str]:
    """Return the parameters that a FIFO topic requires; its name ends with `.fifo`."""
    if not topic_arn.endswith(".fifo"):
        return {}
    digest = hashlib.sha256(message.encode()).hexdigest()
    return {"MessageGroupId": "sso-batch", "MessageDeduplicationId": digest}


def _public_code(code: str) -> str:
    """Return the code to report: the time limit of a notification is not the run's deadline."""
    return NO_ANSWER if code == DEADLINE else code
