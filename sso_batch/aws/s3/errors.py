"""What can go wrong with an output place in S3, explained to a person: whose fault it is and what to do."""

from sso_batch.aws.blocking_retry import INTERRUPTED
from sso_batch.aws.exceptions import MALFORMED, AwsFailure, is_denied
from sso_batch.aws.operations import TABLE
from sso_batch.store.errors import StorageError

_ACTIONS = {one.name: one.action for one in TABLE if one.service == "s3"}

_REGION = frozenset(
    {"PermanentRedirect", "301", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"}
)
_UNREACHED = frozenset({"EndpointConnectionError", "ConnectTimeoutError", "ProxyConnectionError", "SSLError"})
_MAKING = frozenset({"PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"})
_DEMANDS = (
    ". If the bucket's policy demands encryption or an ACL, write output.server_side_encryption, "
    "output.kms_key_id or output.acl; if it demands If-None-Match, it must exempt CreateMultipartUpload and "
    "UploadPart, which cannot have it (s3:ObjectCreationOperation)"
)
_LATER = (
    "S3 was asked until patience ended: run again, and look at the AWS Health Dashboard if that does not help"
)
_ELSE = "look at the bucket, its policy and the settings under output in the configuration"
_LIFETIME = "renew the credentials, or name a profile or a role in output, whose credentials are renewed"

_HINTS = {
    "NoSuchBucket": "create the bucket, or name another one in output.directory or with --output",
    "NoCredentials": "name a profile or a role that may write as output.profile or output.role_arn, or give "
    "credentials in the environment",
    "ExpiredToken": _LIFETIME,
    "ExpiredTokenException": _LIFETIME,
    "InvalidAccessKeyId": "AWS does not know these credentials: renew them",
    "SignatureDoesNotMatch": "the credentials are wrong: renew them and check the clock of this machine",
    "RequestTimeTooSkewed": "set the clock of this machine",
    "NotImplemented": "this is not S3: the place has to know conditional writes (If-None-Match)",
    MALFORMED: "look at who answers in place of S3: HTTPS_PROXY, AWS_ENDPOINT_URL_S3, a network that asks to "
    "sign in; then run again",
    INTERRUPTED: "give the run more time to end",
}


def place_error(failure: AwsFailure, bucket: str, kms_key_id: str | None) -> StorageError:
    """The failure of a call to a bucket, whose objects are encrypted with this key, if with one of ours."""
    message = f"{failure.operation} in the bucket {bucket} failed: {failure.code}: {failure.message}"
    return StorageError(
        failure.code, message, hint=_hint(failure, bucket, kms_key_id), transient=failure.transient
    )


def _hint(failure: AwsFailure, bucket: str, kms_key_id: str | None) -> str:
    code, words = failure.code, failure.message.lower()
    if code.startswith("KMS"):
        return (
            f"look in AWS KMS at the key {kms_key_id or 'of the bucket'}: it is disabled, gone or elsewhere"
        )
    if is_denied(code) and "kms:" in words:
        key = kms_key_id or "that encrypts the bucket"
        return (
            f"allow the writer kms:GenerateDataKey and kms:Decrypt on the key {key}, in its policy and in "
            "the key's own"
        )
    if is_denied(code) and failure.operation in _ACTIONS:
        hint = (
            f"allow the writer the IAM action {_ACTIONS[failure.operation]} on the bucket {bucket}, whose "
            "own policy must not deny it; `sso-batch policy` prints what is needed"
        )
        return hint + _DEMANDS if failure.operation in _MAKING else hint
    if code in _REGION:
        return "write the Region of the bucket as output.region"
    if code in _UNREACHED:
        return "S3 cannot be reached: look at the network, the proxy and output.region"
    return _HINTS.get(code) or failure.hint or (_LATER if failure.transient else _ELSE)
