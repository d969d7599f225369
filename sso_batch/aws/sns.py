"""An SNS topic: where those who want to hear of runs are told."""

import asyncio
import hashlib
from collections.abc import Mapping

from sso_batch.aws.connection_pool import Sessions
from sso_batch.aws.exceptions import DEADLINE, AwsFailure
from sso_batch.aws.gateway import Gateway, Tally
from sso_batch.aws.operations import PUBLISH
from sso_batch.aws.time_limit import TimeLimit
from sso_batch.config import Organization
from sso_batch.daemon_threads import DaemonThreads
from sso_batch.errors import OrganizationError

_DENIED = (
    "allow the credentials that sso-batch runs with the IAM action sns:Publish on the topic, and let no "
    "policy of the topic's deny it; `sso-batch policy --for runner` prints what they need"
)
_KEY = (
    "allow the credentials that sso-batch runs with kms:GenerateDataKey and kms:Decrypt on the key that "
    "encrypts the topic, in their policy and in the key's own"
)
_NO_TOPIC = "make the topic, or mend notify.sns_topic_arn: its Region and account are those in the ARN"
_ELSE = "look whether SNS can be reached from here with these credentials"

_HINTS: Mapping[str, str] = {
    "AuthorizationError": _DENIED,
    "AccessDenied": _DENIED,
    "AccessDeniedException": _DENIED,
    "NotFound": _NO_TOPIC,
    "InvalidParameter": _NO_TOPIC,
}


async def publish(topic_arn: str, subject: str, message: str, *, within: float) -> str:
    """Publish a message with the environment's own credentials and give its id.

    Raises AwsFailure, with a hint on topics, where SNS has not taken it `within` so many seconds.
    """
    region = topic_arn.split(":")[3]
    end = asyncio.get_running_loop().time() + within
    limit = TimeLimit(end, f"the {within:g} s that SNS has to accept the notification", "")
    workers, sessions = DaemonThreads(1, "topic"), Sessions(1)
    environment = Organization.model_validate({"name": "environment", "region": region})
    try:
        connection = await sessions.connect(environment, region, (PUBLISH.service,), deadline=limit)
        gateway = Gateway(connection.client, workers, rates={}, tally=Tally(), deadline=limit)
        return await gateway.call(
            PUBLISH,
            lambda answer: str(answer["MessageId"]),
            TopicArn=topic_arn,
            Subject=subject,
            Message=message,
            **_in_order(topic_arn, message),
        )
    except AwsFailure as failure:
        raise _on_topics(failure) from None
    except OrganizationError as error:  # of the credentials, or of the profile that the environment names
        if error.code == DEADLINE:
            raise AwsFailure(PUBLISH.name, "NoAnswer", error.message, hint=error.hint) from None
        raise AwsFailure(PUBLISH.name, error.code, error.message, hint=error.hint) from None
    finally:
        sessions.close()
        workers.close()


def _in_order(topic_arn: str, message: str) -> dict[str, str]:
    """What a topic that keeps an order asks for besides."""
    if not topic_arn.endswith(".fifo"):
        return {}
    digest = hashlib.sha256(message.encode()).hexdigest()
    return {"MessageGroupId": "sso-batch", "MessageDeduplicationId": digest}


def _on_topics(failure: AwsFailure) -> AwsFailure:
    if failure.code == DEADLINE:
        return AwsFailure(failure.operation, "NoAnswer", failure.message, hint=failure.hint or _ELSE)
    hint = _KEY if failure.code.startswith("KMS") else _HINTS.get(failure.code, failure.hint or _ELSE)
    return AwsFailure(failure.operation, failure.code, failure.message, hint=hint)
