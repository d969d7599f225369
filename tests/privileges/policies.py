"""Policies and the level that each amounts to, by AWS's evaluation logic.

Source: IAM User Guide, "Policy evaluation logic" and "IAM JSON policy elements reference". A role of a
permission set cannot be changed through IAM (AWSReservedSSO_…).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from sso_batch.model import PermissionSet
from sso_batch.privileges.judgement import PermissionSetPolicies
from sso_batch.privileges.paths import Privilege

NONE, READ, WRITE = Privilege.NONE, Privilege.READ, Privilege.WRITE
MANAGES, ESCALATES, ADMIN = Privilege.MANAGES_ACCESS, Privilege.CAN_ESCALATE, Privilege.ADMINISTRATOR

Statement = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Example:
    """The policies of a permission set, and the level in a member account and in the management account."""

    name: str
    member: Privilege
    management: Privilege | None = None
    managed: tuple[str, ...] = ()
    inline: tuple[Statement, ...] = ()
    document: str | None = None
    certain: bool = True
    unread: int = 0
    boundary: str = ""
    customer_managed: tuple[str, ...] = field(default=())

    @property
    def policies(self) -> PermissionSetPolicies:
        """The policies, evaluated."""
        document = self.document
        if document is None:
            document = json.dumps({"Statement": self.inline}) if self.inline else ""
        permission_set = PermissionSet(
            "arn:aws:sso:::permissionSet/ssoins-1/ps-1",
            managed_policies=tuple(f"arn:aws:iam::aws:policy/{name}" for name in self.managed),
            customer_managed_policies=self.customer_managed,
            inline_policy=document,
            permissions_boundary=self.boundary,
        )
        return PermissionSetPolicies(permission_set, managed_documents())


@cache
def managed_documents() -> Mapping[str, str]:
    """Return documents of AWS managed policies by ARN, as AWS publishes them."""
    content = json.loads((files("sso_batch.emulator") / "managed_policies.json").read_text())
    return {
        f"arn:aws:iam::aws:policy/{name}": json.dumps(version["Document"])
        for name, version in content.items()
    }


def allow(*actions: str, on: str | list[str] = "*", **others: Any) -> Statement:  # noqa: ANN401 - any JSON
    """Return an Allow."""
    return {"Effect": "Allow", "Action": list(actions), "Resource": on} | others


def deny(*actions: str, on: str | list[str] = "*", **others: Any) -> Statement:  # noqa: ANN401 - any JSON
    """Return a Deny."""
    return allow(*actions, on=on) | {"Effect": "Deny"} | others


def but(effect: str, **elements: Any) -> Statement:  # noqa: ANN401 - any JSON
    """Return a statement of the elements given."""
    return {"Effect": effect} | elements


USER = "arn:aws:iam::*:user/"
ROLE = "arn:aws:iam::*:role/"
MFA: dict[str, Any] = {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}
EVERYTHING = allow("*")

EXAMPLES = (
    # AWS managed policies, as published
    Example("AdministratorAccess", ADMIN, managed=("AdministratorAccess",)),
    Example("PowerUserAccess", WRITE, MANAGES, managed=("PowerUserAccess",)),
    Example("IAMFullAccess", ESCALATES, managed=("IAMFullAccess",)),
    Example("ReadOnlyAccess", READ, managed=("ReadOnlyAccess",)),
    Example("SecurityAudit", READ, managed=("SecurityAudit",)),
    Example("ViewOnlyAccess", READ, managed=("job-function/ViewOnlyAccess",)),
    Example("Billing", WRITE, managed=("job-function/Billing",)),
    Example("SystemAdministrator", WRITE, managed=("job-function/SystemAdministrator",)),
    Example("DatabaseAdministrator", WRITE, managed=("job-function/DatabaseAdministrator",)),
    Example("NetworkAdministrator", WRITE, managed=("job-function/NetworkAdministrator",)),
    Example(
        "AWSSSOMasterAccountAdministrator", WRITE, MANAGES, managed=("AWSSSOMasterAccountAdministrator",)
    ),
    Example("AWSSSODirectoryAdministrator", WRITE, MANAGES, managed=("AWSSSODirectoryAdministrator",)),
    Example("AWSOrganizationsFullAccess", WRITE, MANAGES, managed=("AWSOrganizationsFullAccess",)),
    Example("AWSLambda_FullAccess", ESCALATES, managed=("AWSLambda_FullAccess",)),
    Example("AmazonEC2FullAccess", WRITE, managed=("AmazonEC2FullAccess",)),
    Example("AmazonS3FullAccess", WRITE, managed=("AmazonS3FullAccess",)),
    Example("IAMReadOnlyAccess", READ, managed=("IAMReadOnlyAccess",)),
    Example("IAMUserChangePassword, of one's own user", READ, managed=("IAMUserChangePassword",)),
    Example("two of them", ESCALATES, managed=("PowerUserAccess", "IAMFullAccess")),
    # Everything, and almost everything
    Example("everything", ADMIN, inline=(EVERYTHING,)),
    Example("everything as a string", ADMIN, inline=(but("Allow", Action="*", Resource="*"),)),
    Example("*:*", ADMIN, inline=(allow("*:*"),)),
    Example("everything, split", ADMIN, inline=(allow("s3:*"), allow("*"))),
    Example("everything under MFA", ADMIN, inline=(allow("*", **MFA),)),
    Example("everything but a Deny under MFA", ADMIN, inline=(EVERYTHING, deny("s3:*", **MFA))),
    Example("everything but one service", ESCALATES, inline=(EVERYTHING, deny("support:*"))),
    Example("everything but IAM", WRITE, MANAGES, inline=(EVERYTHING, deny("iam:*", "sts:AssumeRole"))),
    Example("everything is denied", NONE, inline=(EVERYTHING, deny("*"))),
    Example(
        "NotAction of one service", ESCALATES, inline=(but("Allow", NotAction="support:*", Resource="*"),)
    ),
    Example("NotAction of IAM", WRITE, MANAGES, inline=(but("Allow", NotAction="iam:*", Resource="*"),)),
    Example(
        "NotResource of a bucket",
        ESCALATES,
        inline=(but("Allow", Action="*", NotResource="arn:aws:s3:::logs"),),
    ),
    Example(
        "NotResource of IAM",
        WRITE,
        MANAGES,
        inline=(but("Allow", Action="*", NotResource="arn:aws:iam::*:*"),),
    ),
    Example("NotResource of everything", NONE, inline=(but("Allow", Action="*", NotResource="*"),)),
    Example(
        "Deny of everything elsewhere",
        WRITE,
        inline=(EVERYTHING, but("Deny", Action="*", NotResource="arn:aws:s3:::mine/*")),
    ),
    Example(
        "Deny with NotAction",
        READ,
        inline=(EVERYTHING, but("Deny", NotAction=["s3:Get*", "s3:List*"], Resource="*")),
    ),
    # IAM
    Example("iam:*", ESCALATES, inline=(allow("iam:*"),)),
    Example("IAM:*", ESCALATES, inline=(allow("IAM:*"),)),
    Example("i?m:*", ESCALATES, inline=(allow("i?m:*"),)),
    Example("i*:Create?ccessKey", ESCALATES, inline=(allow("i*:Create?ccessKey"),)),
    Example(
        "iam:* but all changes denied",
        READ,
        inline=(
            allow("iam:*"),
            but("Deny", NotAction=["iam:Get*", "iam:List*"], Resource="*"),
        ),
    ),
    Example("iam:* but one key denied", ESCALATES, inline=(allow("iam:*"), deny("iam:CreateAccessKey"))),
    Example("CreateAccessKey", ESCALATES, inline=(allow("iam:CreateAccessKey"),)),
    Example(
        "CreateAccessKey of every user", ESCALATES, inline=(allow("iam:CreateAccessKey", on=USER + "*"),)
    ),
    Example("CreateAccessKey of one user", MANAGES, inline=(allow("iam:CreateAccessKey", on=USER + "ci"),)),
    Example(
        "CreateAccessKey of oneself",
        NONE,
        inline=(allow("iam:CreateAccessKey", on=USER + "${aws:username}"),),
    ),
    Example(
        "CreateAccessKey but of one user",
        ESCALATES,
        inline=(allow("iam:CreateAccessKey"), deny("iam:CreateAccessKey", on=USER + "ci")),
    ),
    Example(
        "CreateAccessKey but of every user",
        WRITE,
        inline=(allow("iam:CreateAccessKey"), deny("iam:CreateAccessKey", on=USER + "*")),
    ),
    Example("CreateAccessKey on roles", WRITE, inline=(allow("iam:CreateAccessKey", on=ROLE + "*"),)),
    Example("UpdateAssumeRolePolicy", ESCALATES, inline=(allow("iam:UpdateAssumeRolePolicy"),)),
    Example("CreatePolicyVersion", ESCALATES, inline=(allow("iam:CreatePolicyVersion"),)),
    Example("AttachRolePolicy alone", MANAGES, inline=(allow("iam:AttachRolePolicy"),)),
    Example(
        "every role, in another form",
        ESCALATES,
        inline=(allow("iam:UpdateAssumeRolePolicy", on="arn:aws:iam::*:*/*"),),
    ),
    Example(
        "roles with names of three characters or more",
        ESCALATES,
        inline=(allow("iam:UpdateAssumeRolePolicy", on=ROLE + "???*"),),
    ),
    Example(
        "a password below a path",
        ESCALATES,
        inline=(
            allow("iam:CreateUser", "iam:AttachUserPolicy", "iam:CreateLoginProfile", on=USER + "team/*"),
        ),
    ),
    Example(
        "two guard rails",
        MANAGES,
        inline=(
            allow("iam:CreateAccessKey"),
            but("Deny", Action="iam:*", NotResource=USER + "a*"),
            but("Deny", Action="iam:*", NotResource=USER + "*b"),
        ),
    ),
    Example(
        "one harmless group",
        MANAGES,
        inline=(
            allow("iam:AddUserToGroup", on="arn:aws:iam::*:group/readers"),
            allow("iam:CreateAccessKey", on=USER + "ci"),
        ),
    ),
    Example("a SCIM token", WRITE, MANAGES, inline=(allow("sso-directory:CreateBearerToken"),)),
    Example("root sessions of members", WRITE, MANAGES, inline=(allow("sts:AssumeRoot"),)),
    Example("CreateRole alone", WRITE, inline=(allow("iam:CreateRole"),)),
    Example(
        "CreateRole and AttachRolePolicy",
        ESCALATES,
        inline=(allow("iam:CreateRole", "iam:AttachRolePolicy"),),
    ),
    Example(
        "the same below a path",
        ESCALATES,
        inline=(allow("iam:CreateRole", "iam:AttachRolePolicy", on=ROLE + "team/*"),),
    ),
    Example(
        "the same on different roles",
        MANAGES,
        inline=(allow("iam:CreateRole", on=ROLE + "a/*"), allow("iam:AttachRolePolicy", on=ROLE + "b/*")),
    ),
    Example("AddUserToGroup alone", MANAGES, inline=(allow("iam:AddUserToGroup"),)),
    # Passing roles
    Example("PassRole alone", WRITE, inline=(allow("iam:PassRole"),)),
    Example(
        "PassRole and a function",
        ESCALATES,
        inline=(
            allow("iam:PassRole"),
            allow("lambda:CreateFunction", "lambda:InvokeFunction", on="arn:aws:lambda:*:*:function:team-*"),
        ),
    ),
    Example("a function without PassRole", WRITE, inline=(allow("lambda:*"),)),
    Example(
        "PassRole of one role and a function",
        WRITE,
        inline=(
            allow("iam:PassRole", on=ROLE + "lambda-basic"),
            allow("lambda:*"),
        ),
    ),
    Example(
        "PassRole of service roles and a function",
        WRITE,
        inline=(
            allow("iam:PassRole", on=ROLE + "service-role/*"),
            allow("lambda:*"),
        ),
    ),
    Example(
        "PassRole but of short names",
        ESCALATES,
        inline=(
            allow("iam:PassRole", "lambda:*"),
            deny("iam:PassRole", on=ROLE + "??"),
        ),
    ),
    Example(
        "PassRole and a Glue session",
        ESCALATES,
        inline=(allow("iam:PassRole", "glue:CreateSession", "glue:RunStatement"),),
    ),
    Example(
        "PassRole for one service",
        ESCALATES,
        inline=(
            allow("iam:PassRole", Condition={"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}),
            allow("ec2:*"),
        ),
    ),
    Example(
        "PassRole across policies", ESCALATES, managed=("PowerUserAccess",), inline=(allow("iam:PassRole"),)
    ),
    Example(
        "PassRole denied",
        WRITE,
        MANAGES,
        managed=("PowerUserAccess",),
        inline=(
            allow("iam:PassRole"),
            deny("iam:PassRole"),
        ),
    ),
    Example(
        "PassRole with a list",
        ESCALATES,
        inline=(allow("iam:PassRole", "ec2:RunInstances", on=["arn:aws:s3:::b", "*"]),),
    ),
    Example(
        "PassRole with a long list that ends with every role",
        ESCALATES,
        inline=(
            allow("iam:PassRole", on=[*(f"{ROLE}role-{number}" for number in range(100)), "*"]),
            allow("ec2:RunInstances"),
        ),
    ),
    Example("AssumeRole", WRITE, inline=(allow("sts:AssumeRole"),)),
    # Identity Center and Organizations
    Example("sso:*", WRITE, MANAGES, inline=(allow("sso:*"),)),
    Example("s?o:Create*", WRITE, MANAGES, inline=(allow("s?o:Create*"),)),
    Example("sso:Get and List", READ, inline=(allow("sso:Get*", "sso:List*", "sso:Describe*"),)),
    Example("CreateGroupMembership", WRITE, MANAGES, inline=(allow("identitystore:CreateGroupMembership"),)),
    Example("sso-directory", WRITE, MANAGES, inline=(allow("sso-directory:AddMemberToGroup"),)),
    Example("account-access", WRITE, MANAGES, inline=(allow("account-access:CreateEntitlement"),)),
    Example("organizations:*", WRITE, MANAGES, inline=(allow("organizations:*"),)),
    Example("organizations:Describe*", READ, inline=(allow("organizations:Describe*"),)),
    # Reading, writing, nothing
    Example("one bucket", WRITE, inline=(allow("s3:PutObject", on="arn:aws:s3:::b/*"),)),
    Example("reading one bucket", READ, inline=(allow("s3:GetObject", on="arn:aws:s3:::b/*"),)),
    Example("Get* of everything, which includes credentials", WRITE, inline=(allow("*:Get*"),)),
    Example("credentials of a database", WRITE, inline=(allow("redshift:GetClusterCredentials"),)),
    Example("List* of everything", READ, inline=(allow("*:List*", "kms:Decrypt"),)),
    Example("an impossible service", WRITE, inline=(allow("a" * 300 + ":x"),)),
    Example("a new service", WRITE, inline=(allow("brandnew:*"),)),
    Example("reading a new service", READ, inline=(allow("brandnew:ListThings"),)),
    Example("no policy", NONE),
    Example("no statements", NONE, document='{"Version": "2012-10-17", "Statement": []}'),
    Example("only a Deny", NONE, inline=(deny("*"),)),
    Example(
        "one statement instead of a list", READ, document=json.dumps({"Statement": allow("s3:GetObject")})
    ),
    # What was not read, or not understood
    Example("broken JSON", NONE, document="{", certain=False, unread=1),
    Example("a list", NONE, document="[]", certain=False, unread=1),
    Example(
        "too many patterns to compare",
        NONE,
        inline=(
            allow("iam:CreateAccessKey", on=[f"{USER}*a{number}b*" for number in range(200)]),
            but("Deny", Action="iam:*", NotResource=[f"{USER}*c{number}d*" for number in range(200)]),
        ),
        certain=False,
        unread=1,
    ),
    Example(
        "Statement twice",
        NONE,
        certain=False,
        unread=1,
        document=('{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}, "statement": []}'),
    ),
    Example(
        "Action twice",
        NONE,
        certain=False,
        unread=1,
        document=(
            '{"Statement": {"Effect": "Allow", "Action": "*", "Action": "s3:GetObject", "Resource": "*"}}'
        ),
    ),
    Example("no Statement", NONE, document="{}", certain=False, unread=1),
    Example("no Effect", NONE, inline=({"Action": "*", "Resource": "*"},), certain=False, unread=1),
    Example(
        "another Effect", NONE, inline=(but("Maybe", Action="*", Resource="*"),), certain=False, unread=1
    ),
    Example(
        "Action and NotAction",
        NONE,
        inline=(but("Allow", Action="*", NotAction="*", Resource="*"),),
        certain=False,
        unread=1,
    ),
    Example(
        "a number as Action", NONE, inline=(but("Allow", Action=1, Resource="*"),), certain=False, unread=1
    ),
    Example("no Resource", NONE, inline=(but("Allow", Action="*"),), certain=False, unread=1),
    Example("an unknown element", NONE, inline=(allow("*", Unless={}),), certain=False, unread=1),
    Example("a text as Condition", NONE, inline=(allow("*", Condition="x"),), certain=False, unread=1),
    Example(
        "a broken statement beside a clear one",
        ESCALATES,
        inline=(allow("iam:*"), but("Deny", Action="*")),
        certain=False,
        unread=1,
    ),
    Example("a document that was not read", NONE, managed=("AmazonRDSFullAccess",), certain=False, unread=1),
    Example("an administrator in any case", ADMIN, managed=("AdministratorAccess", "AmazonRDSFullAccess")),
    Example(
        "a customer managed policy", READ, managed=("ReadOnlyAccess",), customer_managed=("/x/y",), unread=1
    ),
    Example("a boundary", ADMIN, managed=("AdministratorAccess",), boundary="/security/Boundary"),
)
