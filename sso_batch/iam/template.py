"""The CloudFormation template of the audited role."""

from typing import Any

import yaml

from sso_batch.aws.required_operations import has_entitlements
from sso_batch.config import Collect
from sso_batch.iam.statements import (
    ACCOUNT_ACCESS_SID,
    audited_statements,
    decrypt_statement,
    policy_document,
)

_HEADING = """\
# The role that sso-batch assumes to audit one organization. Written by
#
#     sso-batch policy --format cloudformation
#
# One stack for each organization, in its management account or in the account to which IAM Identity Center
# is delegated. A StackSet with service-managed permissions does not reach the management account.
"""


class _NoAliasDumper(yaml.SafeDumper):
    """Writes repeated values in full: CloudFormation does not support YAML aliases."""

    def ignore_aliases(self, data: object) -> bool:
        """Return True, so that no value becomes an alias."""
        del data
        return True


_NO_VALUE = {"Ref": "AWS::NoValue"}


def render_template(settings: Collect) -> str:
    """Return the template in YAML, with the permissions that these settings need."""
    return _HEADING + yaml.dump(_template(settings), Dumper=_NoAliasDumper, sort_keys=False, width=110)


def _template(settings: Collect) -> dict[str, Any]:
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "Reads IAM Identity Center, AWS Organizations and account access for sso-batch",
        "Parameters": _PARAMETERS,
        "Conditions": {
            "HasExternalId": _is_set("ExternalId"),
            "HasKey": _is_set("KmsKeyArn"),
        }
        | (_ACCOUNT_ACCESS if has_entitlements(settings, "aws") else {}),
        "Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": _role(settings)}},
        "Outputs": {
            "RoleArn": {
                "Description": "The value of role_arn in the configuration",
                "Value": {"Fn::GetAtt": ["Role", "Arn"]},
            }
        },
    }


_ACCOUNT_ACCESS = {"HasAccountAccess": {"Fn::Equals": [{"Ref": "AWS::Partition"}, "aws"]}}

_PARAMETERS = {
    "RunnerArn": {
        "Type": "String",
        "Description": "The ARN of the role or user that runs sso-batch and assumes this role",
        "AllowedPattern": "arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/.+",
    },
    "ExternalId": {
        "Type": "String",
        "NoEcho": True,
        "Default": "",
        "Description": "The external_id in the configuration; leave it empty only if you own both accounts",
        "AllowedPattern": "|[A-Za-z0-9_+=,.@:/-]{2,1224}",
    },
    "RoleName": {"Type": "String", "Default": "SsoBatchAudit", "AllowedPattern": "[A-Za-z0-9_+=,.@-]{1,64}"},
    "MaxSessionDuration": {
        "Type": "Number",
        "Default": 3600,
        "MinValue": 3600,
        "MaxValue": 43200,
        "Description": "In seconds; at least duration_seconds in the configuration",
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
        {"Fn::If": ["HasAccountAccess", statement, _NO_VALUE]}
        if statement["Sid"].startswith(ACCOUNT_ACCESS_SID)
        else statement
        for statement in audited_statements(
            settings, "aws", lambda rest: _sub(f"arn:${{AWS::Partition}}:{rest}")
        )
    ]
    statements.append({"Fn::If": ["HasKey", decrypt_statement({"Ref": "KmsKeyArn"}, via), _NO_VALUE]})
    return {
        "RoleName": {"Ref": "RoleName"},
        "Description": "Assumed by sso-batch to report who has access to which account, and how",
        "MaxSessionDuration": {"Ref": "MaxSessionDuration"},
        "AssumeRolePolicyDocument": policy_document([trust]),
        "Policies": [{"PolicyName": "Audit", "PolicyDocument": policy_document(statements)}],
    }


def _sub(text: str) -> Any:  # noqa: ANN401 - a CloudFormation function instead of text
    return {"Fn::Sub": text}


def _is_set(parameter: str) -> dict[str, Any]:
    return {"Fn::Not": [{"Fn::Equals": [{"Ref": parameter}, ""]}]}
