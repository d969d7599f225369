"""Notifications of a run through an SNS topic, and hints about the topic."""

import asyncio
import hashlib
from collections.abc import Mapping

from sso_batch.aws.backoff import TimeLimit
from sso_batch.aws.connection_pool import ConnectionPool
from sso_batch.aws.credential_source import CredentialSource
from sso_batch.aws.error_codes import DEADLINE, KMS_PREFIX, NO_ANSWER
from sso_batch.aws.exceptions import AwsFailure
from sso_batch.aws.gateway import CallCounts, Gateway
from sso_batch.aws.operations import PUBLISH
from sso_batch.daemon_threads import DaemonThreads
from sso_batch.errors import OrganizationError

_DENIED = (
    "allow the credentials that sso-batch runs with the IAM action sns:Publish on the topic, and make sure "
    "that the topic's policy does not deny it; `sso-batch policy --for runner` prints what they need"
)
_KEY = (
    "allow the credentials that sso-batch runs with kms:GenerateDataKey and kms:Decrypt on the key that "
    "encrypts the topic, in their policy and in the key's own"
)
_NO_TOPIC = "create the topic, or fix notify.sns_topic_arn: its Region and account are those in the ARN"
_OTHER = "check that SNS can be reached from here with these credentials"

_BY_CODE: Mapping[str, str] = {
    "AuthorizationError": _DENIED,
    "AccessDenied": _DENIED,
    "AccessDeniedException": _DENIED,
    "NotFound": _NO_TOPIC,
    "InvalidParameter": _NO_TOPIC,
}


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


def on_topic(failure: AwsFailure) -> str:
    """Return the hint for a notification that SNS did not accept."""
    if failure.code == DEADLINE:
        return failure.hint or _OTHER
    if failure.code.startswith(KMS_PREFIX):
        return _KEY
    return _BY_CODE.get(failure.code, failure.hint or _OTHER)
