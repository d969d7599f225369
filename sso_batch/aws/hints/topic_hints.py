"""Hints about the SNS topic that receives notifications."""

from collections.abc import Mapping

from sso_batch.aws.error_codes import DEADLINE, KMS_PREFIX
from sso_batch.aws.exceptions import AwsFailure

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


def on_topic(failure: AwsFailure) -> str:
    """Return the hint for a notification that SNS did not accept."""
    if failure.code == DEADLINE:
        return failure.hint or _OTHER
    if failure.code.startswith(KMS_PREFIX):
        return _KEY
    return _BY_CODE.get(failure.code, failure.hint or _OTHER)
