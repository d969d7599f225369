"""Tests of policy documents as statements."""

import json

from sso_batch.privileges.documents import Written, parse_document


def test_statements_remember_how_they_are_written() -> None:
    """A statement has its number, Sid, patterns and the keys of its conditions, as in the document."""
    document = parse_document(
        json.dumps(
            {
                "Statement": [
                    {"Effect": "Nonsense"},
                    {
                        "Sid": "Deploy",
                        "Effect": "Allow",
                        "Action": ["S3:GetObject", "s3:Put*"],
                        "Resource": "arn:aws:s3:::${aws:PrincipalTag/team}/*",
                        "Condition": {
                            "StringEquals": {"aws:RequestedRegion": "eu-west-1"},
                            "Bool": {"aws:SecureTransport": "true", "aws:RequestedRegion": "true"},
                        },
                    },
                ]
            }
        )
    )

    assert [statement.written for statement in document.statements] == [
        Written(
            2,
            "Deploy",
            ("S3:GetObject", "s3:Put*"),
            ("arn:aws:s3:::${aws:PrincipalTag/team}/*",),
            ("aws:RequestedRegion", "aws:SecureTransport"),
        )
    ]


def test_patterns_about_an_action() -> None:
    """The patterns that match an action are as written; of NotAction they are all, because none matches."""
    allowing, excluding = parse_document(
        json.dumps(
            {
                "Statement": [
                    {"Effect": "Allow", "Action": ["S3:Get*", "ec2:*"], "Resource": "*"},
                    {"Effect": "Allow", "NotAction": ["IAM:*", "organizations:*"], "Resource": "*"},
                ]
            }
        )
    ).statements

    assert allowing.patterns_about("s3:getobject") == ("S3:Get*",)
    assert excluding.patterns_about("s3:getobject") == ("IAM:*", "organizations:*")
