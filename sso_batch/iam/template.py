"""The CloudFormation template of the role that an organization is audited with."""

from typing import Any

import yaml

from sso_batch.aws.required_operations import has_entitlements
from sso_batch.config import Collect
from sso_batch.iam.statements import audited_statements, decrypts, policy

_HEADING = """\
# The role that sso-batch assumes to audit one organization. Written by
#
#     sso-batch policy --format cloudformation
#
# One stack for each organization, in its management account or in the account to which IAM Identity Center
# is delegated. A StackSet with service-managed permissions does not reach the management account.
"""


class _Written(yaml.SafeDumper):
    """Writes what stands twice twice: CloudFormation knows no aliases."""

    def ignore_aliases(self, data: object) -> bool:
        """Never refer to what was written before."""
        del data
        return True


_NO_VALUE = {"Ref": "AWS::NoValue"}


def template(settings: Collect) -> str:
    """The template in YAML, for the reads that these settings need."""
    return _HEADING + yaml.dump(_template(settings), Dumper=_Written, sort_keys=False, width=110)


def _template(settings: Collect) -> dict[str, Any]:
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "Reads IAM Identity Center, AWS Organizations and account access for sso-batch",
        "Parameters": _PARAMETERS,
        "Conditions": {
            "HasExternalId": _given("ExternalId"),
            "HasKey": _given("KmsKeyArn"),
        }
        | (_ACCOUNT_ACCESS if has_entitlements(settings, "aws") else {}),
        "Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": _role(settings)}},
        "Outputs": {
            "RoleArn": {
                "Description": "What to write as role_arn in the configuration",
                "Value": {"Fn::GetAtt": ["Role", "Arn"]},
            }
        },
    }


_ACCOUNT_ACCESS = {"HasAccountAccess": {"Fn::Equals": [{"Ref": "AWS::Partition"}, "aws"]}}

_PARAMETERS = {
    "RunnerArn": {
        "Type": "String",
        "Description": "The ARN of the role or user that sso-batch runs as; it assumes this role",
        "AllowedPattern": "arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/.+",
    },
    "ExternalId": {
        "Type": "String",
        "NoEcho": True,
        "Default": "",
        "Description": "The configuration's external_id; empty only where both accounts are yours",
        "AllowedPattern": "|[A-Za-z0-9_+=,.@:/-]{2,1224}",
    },
    "RoleName": {"Type": "String", "Default": "SsoBatchAudit", "AllowedPattern": "[A-Za-z0-9_+=,.@-]{1,64}"},
    "MaxSessionDuration": {
        "Type": "Number",
        "Default": 3600,
        "MinValue": 3600,
        "MaxValue": 43200,
        "Description": "Seconds; at least the configuration's duration_seconds",
    },
    "KmsKeyArn": {
        "Type": "String",
        "Default": "",
        "Description": "The customer managed key that encrypts the instance, if one does",
        "AllowedPattern": "|arn:aws[a-z-]*:kms:.+",
    },
}


def _role(settings: Collect) -> dict[str, Any]:
    external_id = {"StringEquals": {"sts:ExternalId": {"Ref": "ExternalId"}}}
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": {"Ref": "RunnerArn"}},
        "Action": "sts:AssumeRole",
        "Condition": {"Fn::If": ["HasExternalId", external_id, _NO_VALUE]},
    }
    via = [{"Fn::Sub": f"{service}.*.${{AWS::URLSuffix}}"} for service in ("sso", "identitystore")]
    statements: list[Any] = [
        {"Fn::If": ["HasAccountAccess", one, _NO_VALUE]} if one["Sid"].startswith("AccountAccess") else one
        for one in audited_statements(
            settings, "aws", lambda rest: _substituted(f"arn:${{AWS::Partition}}:{rest}")
        )
    ]
    statements.append({"Fn::If": ["HasKey", decrypts({"Ref": "KmsKeyArn"}, via), _NO_VALUE]})
    return {
        "RoleName": {"Ref": "RoleName"},
        "Description": "Read by sso-batch: who can reach which account, with what, and how they come by it",
        "MaxSessionDuration": {"Ref": "MaxSessionDuration"},
        "AssumeRolePolicyDocument": policy([trust]),
        "Policies": [{"PolicyName": "Audit", "PolicyDocument": policy(statements)}],
    }


def _substituted(text: str) -> Any:  # noqa: ANN401 - a function of CloudFormation's, where the others are text
    return {"Fn::Sub": text}


def _given(parameter: str) -> dict[str, Any]:
    return {"Fn::Not": [{"Fn::Equals": [{"Ref": parameter}, ""]}]}
