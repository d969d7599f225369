"""Hints about an output place in S3, and about an object that is only read."""

from sso_batch.aws.call_hints import OUTPUT
from sso_batch.aws.error_codes import (
    EXPIRED,
    INTERRUPTED,
    KMS_PREFIX,
    MALFORMED,
    NO_CREDENTIALS,
    THROTTLES,
    UNREACHABLE,
    WRONG_REGION,
)
from sso_batch.aws.exceptions import AwsFailure
from sso_batch.aws.operations import TABLE

_ACTIONS = {operation.name: operation.action for operation in TABLE if operation.service == "s3"}
_WRITES = frozenset({"PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"})

_DEMANDS = (
    ". If the bucket policy demands encryption or an ACL, set output.server_side_encryption, "
    "output.kms_key_id or output.acl; if it demands If-None-Match, it must exempt CreateMultipartUpload and "
    "UploadPart, which do not support it (s3:ObjectCreationOperation)"
)
_THROTTLED = (
    "S3 kept throttling this call: run again, and look at the AWS Health Dashboard if that does not help"
)
_EXPIRED = "renew the credentials, or set output.profile or output.role_arn, whose credentials are renewed"

_BY_CODES = (
    (WRONG_REGION, "set output.region to the Region of the bucket"),
    (UNREACHABLE, "S3 cannot be reached: check the network, the proxy and output.region"),
    # Not the hint for an organization's calls, which names collect.requests_per_second.
    (THROTTLES, _THROTTLED),
)
_BY_CODE = {
    "NoSuchBucket": "create the bucket, or name another one in output.directory or with --output",
    "NoCredentials": "set output.profile or output.role_arn to one that may write, or provide credentials in "
    "the environment",
    "ExpiredToken": _EXPIRED,
    "ExpiredTokenException": _EXPIRED,
    "InvalidAccessKeyId": "AWS does not know these credentials: renew them",
    "SignatureDoesNotMatch": "the credentials are wrong: renew them and check this machine's clock",
    "RequestTimeTooSkewed": "set this machine's clock",
    "NotImplemented": "this service is not S3: it must support conditional writes (If-None-Match)",
    MALFORMED: "S3 does not send such answers: check HTTPS_PROXY, AWS_ENDPOINT_URL_S3 and networks that "
    "require a sign-in, then run again",
    INTERRUPTED: "give the run more time before it is stopped",
}

_READ = {
    **dict.fromkeys(WRONG_REGION, "set AWS_REGION to the Region of the bucket"),
    **dict.fromkeys(UNREACHABLE, "S3 cannot be reached: check the network, the proxy and AWS_REGION"),
    **dict.fromkeys(EXPIRED, "renew the credentials of the environment"),
    "NoSuchBucket": "correct the name of the bucket, or create it",
    NO_CREDENTIALS: "provide credentials in the environment, such as a task role or AWS_PROFILE; "
    "`aws sts get-caller-identity` shows whether there are any",
}
"""Hints about reading with the environment's credentials, which no setting of the output can change."""

_CHECK_OBJECT = "check the object, the bucket and the bucket's policy"


def on_bucket(failure: AwsFailure, bucket: str, kms_key_id: str | None) -> str:
    """Return the hint for a failed call to a bucket; `kms_key_id` is the configured key, if any."""
    if failure.code.startswith(KMS_PREFIX):
        key = kms_key_id or "of the bucket"
        return f"check the key {key} in AWS KMS: it is disabled, deleted or in another Region"
    if failure.denied and "kms:" in failure.message.lower():
        key = kms_key_id or "that encrypts the bucket"
        return (
            f"allow the writer kms:GenerateDataKey and kms:Decrypt on the key {key}, in its policy and in "
            "the key's own"
        )
    if failure.denied and failure.operation in _ACTIONS:
        return _on_denied(failure.operation, bucket)
    for codes, hint in _BY_CODES:
        if failure.code in codes:
            return hint
    return _BY_CODE.get(failure.code) or failure.hint or OUTPUT


def on_object(failure: AwsFailure, arn: str) -> str:
    """Return the hint for an object that cannot be read with the environment's credentials."""
    if failure.denied and "kms:" in failure.message.lower():
        return (
            "allow the caller kms:Decrypt on the key that encrypts the object, in its policy and in the "
            "key's own"
        )
    if failure.denied and failure.operation in _ACTIONS:
        return (
            f"allow the IAM action {_ACTIONS[failure.operation]} on {arn}; without permission to list the "
            "bucket, S3 also denies an object that does not exist"
        )
    if failure.code in _READ:
        return _READ[failure.code]
    hint = on_bucket(failure, "", None)
    return _CHECK_OBJECT if hint == OUTPUT else hint


def _on_denied(operation: str, bucket: str) -> str:
    hint = (
        f"allow the writer the IAM action {_ACTIONS[operation]} on the bucket {bucket}, whose own policy "
        "must not deny it; `sso-batch policy` prints what is needed"
    )
    return hint + _DEMANDS if operation in _WRITES else hint
