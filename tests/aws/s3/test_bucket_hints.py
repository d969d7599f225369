"""Tests of the hints about an object that is only read: none names a setting of the output."""

import pytest

from sso_batch.aws.call_hints import OUTPUT
from sso_batch.aws.exceptions import AwsFailure
from sso_batch.aws.s3.bucket_hints import on_object

ARN = "arn:aws-cn:s3:::bucket/orgs.yaml"


@pytest.mark.parametrize(
    ("code", "message", "hint"),
    [
        ("AccessDenied", "no", f"allow the IAM action s3:GetObject on {ARN}; "),
        (
            "AccessDenied",
            "not authorized to perform: kms:Decrypt",
            "allow the caller kms:Decrypt on the key ",
        ),
        ("KMS.DisabledException", "no", "check the key of the bucket in AWS KMS"),
        ("PermanentRedirect", "no", "set AWS_REGION to the Region of the bucket"),
        (
            "EndpointConnectionError",
            "no",
            "S3 cannot be reached: check the network, the proxy and AWS_REGION",
        ),
        ("ExpiredToken", "no", "renew the credentials of the environment"),
        ("NoSuchBucket", "no", "correct the name of the bucket, or create it"),
        ("NoCredentials", "no", "provide credentials in the environment"),
        ("SlowDown", "no", "S3 kept throttling this call"),
        ("InvalidObjectState", "no", "check the object, the bucket and the bucket's policy"),
    ],
)
def test_object(code: str, message: str, hint: str) -> None:
    """A failure is explained by what a reader with the environment's credentials can change."""
    found = on_object(AwsFailure("GetObject", code, message, hint=OUTPUT), ARN)

    assert found.startswith(hint)
    assert "output" not in found
    assert "writer" not in found


def test_denied_credentials() -> None:
    """If the call for credentials is denied, its own hint stays."""
    failure = AwsFailure("AssumeRoleWithWebIdentity", "AccessDenied", "no", hint="check AWS_ROLE_ARN")

    assert on_object(failure, ARN) == "check AWS_ROLE_ARN"
