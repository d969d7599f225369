"""What leads to more access: a table of actions that are needed together, and of what they allow.

Sources: the paths of pathfinding.cloud (Datadog, Apache-2.0), whose ids are kept; the ids `own-…` are ours,
from the service authorization reference.

The role of a permission set, AWSReservedSSO_…, cannot be changed through IAM. So attaching a policy to a user
or role leads nowhere by itself: the path needs a user or role that one can become. It still changes who has
access.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from sso_batch.privileges.resources import SEGMENT

USERS, ROLES, GROUPS, POLICIES = "user/*", "role/*", "group/*", "policy/*"
"""IAM's resources of a kind."""


class Privilege(IntEnum):
    """What access amounts to; the highest of several counts. Before SCPs and RCPs."""

    NONE = 0
    READ = 1
    WRITE = 2
    MANAGES_ACCESS = 3
    """Can change who has access to the account or, in certain accounts, to the organization."""
    CAN_ESCALATE = 4
    """Can make itself administrator of the account."""
    ADMINISTRATOR = 5
    """Every action on every resource."""

    @property
    def words(self) -> str:
        """What someone with this privilege can do, in words."""
        return _WORDS[self]


_WORDS = {
    Privilege.NONE: "does nothing",
    Privilege.READ: "reads only",
    Privilege.WRITE: "makes changes",
    Privilege.MANAGES_ACCESS: "manages access",
    Privilege.CAN_ESCALATE: "can become administrator",
    Privilege.ADMINISTRATOR: "administrator",
}


class AccountKind(StrEnum):
    """What an account is to Identity Center."""

    MEMBER = "member"
    MANAGEMENT = "management"
    DELEGATED_ADMINISTRATOR = "delegated administrator"


EVERYWHERE = frozenset(AccountKind)
IDENTITY_CENTER = frozenset({AccountKind.MANAGEMENT, AccountKind.DELEGATED_ADMINISTRATOR})
MANAGEMENT = frozenset({AccountKind.MANAGEMENT})


@dataclass(frozen=True, slots=True)
class Need:
    """An action that a path needs, and on which resources: IAM's of a kind, or any of the action's service.

    With `any_existing`, a pattern for some of the resources is not enough: whether one of these is worth
    anything depends on the account.
    """

    action: str
    resource: str = ""
    any_existing: bool = False

    def pattern(self, partition: str) -> str:
        """Return a pattern of the ARNs of the resources."""
        if self.resource:
            return f"arn:{partition}:iam::{SEGMENT}:{self.resource}"
        service, _, _ = self.action.partition(":")
        service = SEGMENT if self.action in _ON_INSTANCES else _ARN_SERVICES.get(service, service)
        return f"arn:{partition}:{service}:*"


_ON_INSTANCES = {"ssm:StartSession", "ssm:SendCommand"}
"""Actions on resources of several services: instances, tasks and documents."""

_ARN_SERVICES = {"ec2-instance-connect": "ec2", "sso-directory": "identitystore"}
"""The service in ARNs where it differs from the prefix of actions."""


@dataclass(frozen=True, slots=True)
class EscalationPath:
    """A way from permissions to more access.

    `words` continue the sentence "can …"; `{any}` in them becomes "any" or "a certain". A path that is not
    `certain` needs something that must exist already, such as an instance with a strong role. It counts only
    in `accounts`.
    """

    id: str
    words: str
    needs: tuple[Need, ...]
    leads_to: Privilege = Privilege.CAN_ESCALATE
    certain: bool = True
    accounts: frozenset[AccountKind] = EVERYWHERE

    @property
    def actions(self) -> str:
        """The actions as people write them."""
        return " + ".join(need.action for need in self.needs)


_PASS = Need("iam:PassRole", ROLES, any_existing=True)


def _iam(id_: str, words: str, *needs: tuple[str, str] | Need, certain: bool = True) -> EscalationPath:
    """Return a path whose actions are all on existing users, roles or policies."""
    listed = tuple(need if isinstance(need, Need) else Need(*need, any_existing=True) for need in needs)
    return EscalationPath(id_, words, listed, certain=certain)


def _new(id_: str, words: str, *needs: tuple[str, str]) -> EscalationPath:
    """Return a path through a user or role that one creates, whatever its name must be."""
    return EscalationPath(id_, words, tuple(Need(*need) for need in needs))


def _run(id_: str, what: str, *actions: str, certain: bool = True) -> EscalationPath:
    """Return a path that passes any role to something that one runs; if not `certain`, it must exist."""
    needs = (_PASS, *map(Need, actions))
    return EscalationPath(id_, f"pass {{any}} role to {what}", needs, certain=certain)


def _possible(id_: str, words: str, *actions: str) -> EscalationPath:
    """Return a path that needs something with a strong role."""
    return EscalationPath(id_, words, tuple(map(Need, actions)), certain=False)


def _manages(
    words: str, *actions: str, accounts: frozenset[AccountKind] = IDENTITY_CENTER
) -> Iterable[EscalationPath]:
    """Yield a path for each action that changes who has access."""
    for action in actions:
        id_ = f"own-{action.replace(':', '-')}"
        need = Need(action, _resource_of(action))
        yield EscalationPath(id_, words, (need,), Privilege.MANAGES_ACCESS, accounts=accounts)


def _resource_of(action: str) -> str:
    """Return the kind of resource of an action of IAM, by its name; empty for other services."""
    service, _, name = action.partition(":")
    if service != "iam":
        return ""
    kinds = (("Provider", "*-provider/*"), ("Group", GROUPS), ("PolicyVersion", POLICIES), ("Role", ROLES))
    return next((kind for part, kind in kinds if part in name), USERS)


PATHS: tuple[EscalationPath, ...] = (
    # IAM itself
    _iam(
        "iam-001", "change what {any} customer managed policy allows", ("iam:CreatePolicyVersion", POLICIES)
    ),
    _iam("iam-002", "create an access key of {any} user", ("iam:CreateAccessKey", USERS)),
    _iam("iam-004", "give {any} user a password", ("iam:CreateLoginProfile", USERS)),
    _iam("iam-006", "change the password of {any} user", ("iam:UpdateLoginProfile", USERS)),
    _iam("iam-012", "let itself assume {any} role", ("iam:UpdateAssumeRolePolicy", ROLES)),
    _iam(
        "iam-014",
        "attach a policy to {any} role and assume it",
        ("iam:AttachRolePolicy", ROLES),
        ("sts:AssumeRole", ROLES),
        certain=False,
    ),
    _iam(
        "iam-017",
        "put a policy into {any} role and assume it",
        ("iam:PutRolePolicy", ROLES),
        ("sts:AssumeRole", ROLES),
        certain=False,
    ),
    _new(
        "iam-015",
        "attach a policy to a user and create the user's access key",
        ("iam:AttachUserPolicy", USERS),
        ("iam:CreateAccessKey", USERS),
    ),
    _new(
        "iam-018",
        "put a policy into a user and create the user's access key",
        ("iam:PutUserPolicy", USERS),
        ("iam:CreateAccessKey", USERS),
    ),
    _new(
        "iam-019",
        "attach a policy to a role and let itself assume it",
        ("iam:AttachRolePolicy", ROLES),
        ("iam:UpdateAssumeRolePolicy", ROLES),
    ),
    _new(
        "iam-021",
        "put a policy into a role and let itself assume it",
        ("iam:PutRolePolicy", ROLES),
        ("iam:UpdateAssumeRolePolicy", ROLES),
    ),
    _new(
        "own-role-attach",
        "create a role that it can assume, and attach a policy to it",
        ("iam:CreateRole", ROLES),
        ("iam:AttachRolePolicy", ROLES),
    ),
    _new(
        "own-role-put",
        "create a role that it can assume, and put a policy into it",
        ("iam:CreateRole", ROLES),
        ("iam:PutRolePolicy", ROLES),
    ),
    _new(
        "own-group-put",
        "put a policy into a group, and create the access key of a user that it adds",
        ("iam:PutGroupPolicy", GROUPS),
        ("iam:AddUserToGroup", GROUPS),
        ("iam:CreateAccessKey", USERS),
    ),
    _new(
        "own-user-attach-password",
        "attach a policy to a user and give the user a password",
        ("iam:AttachUserPolicy", USERS),
        ("iam:CreateLoginProfile", USERS),
    ),
    _new(
        "own-user-put-password",
        "put a policy into a user and give the user a password",
        ("iam:PutUserPolicy", USERS),
        ("iam:CreateLoginProfile", USERS),
    ),
    _new(
        "own-user-attach-new-password",
        "attach a policy to a user and change the user's password",
        ("iam:AttachUserPolicy", USERS),
        ("iam:UpdateLoginProfile", USERS),
    ),
    _new(
        "own-user-put-new-password",
        "put a policy into a user and change the user's password",
        ("iam:PutUserPolicy", USERS),
        ("iam:UpdateLoginProfile", USERS),
    ),
    EscalationPath(
        "own-user-group",
        "add a user to {any} group and create the user's access key",
        (Need("iam:AddUserToGroup", GROUPS, any_existing=True), Need("iam:CreateAccessKey", USERS)),
    ),
    _iam(
        "own-default-version",
        "return to an older version of {any} policy",
        ("iam:SetDefaultPolicyVersion", POLICIES),
        certain=False,
    ),
    # Anything that can be run with a role
    _run("apprunner-001", "an App Runner service", "apprunner:CreateService"),
    _run(
        "bedrock-001",
        "a Bedrock code interpreter",
        "bedrock-agentcore:CreateCodeInterpreter",
        "bedrock-agentcore:StartCodeInterpreterSession",
        "bedrock-agentcore:InvokeCodeInterpreter",
    ),
    _run("cloudformation-001", "a CloudFormation stack", "cloudformation:CreateStack"),
    _run(
        "cloudformation-003",
        "a CloudFormation stack set",
        "cloudformation:CreateStackSet",
        "cloudformation:CreateStackInstances",
    ),
    _run("cloudformation-004", "an existing stack set", "cloudformation:UpdateStackSet", certain=False),
    _run(
        "own-change-set",
        "a CloudFormation change set",
        "cloudformation:CreateChangeSet",
        "cloudformation:ExecuteChangeSet",
    ),
    _run("codebuild-001", "a CodeBuild project", "codebuild:CreateProject", "codebuild:StartBuild"),
    _run("codebuild-004", "a CodeBuild project", "codebuild:CreateProject", "codebuild:StartBuildBatch"),
    _run(
        "datapipeline-001",
        "a data pipeline",
        "datapipeline:CreatePipeline",
        "datapipeline:PutPipelineDefinition",
        "datapipeline:ActivatePipeline",
    ),
    _run("ec2-001", "an EC2 instance", "ec2:RunInstances"),
    _run("ec2-003", "an EC2 spot instance", "ec2:RequestSpotInstances"),
    _run(
        "own-instance-profile",
        "a running EC2 instance",
        "ec2:AssociateIamInstanceProfile",
        certain=False,
    ),
    _run("ecs-001", "an ECS service", "ecs:CreateCluster", "ecs:RegisterTaskDefinition", "ecs:CreateService"),
    _run("ecs-002", "an ECS task", "ecs:CreateCluster", "ecs:RegisterTaskDefinition", "ecs:RunTask"),
    _run(
        "ecs-003",
        "a service in an existing ECS cluster",
        "ecs:RegisterTaskDefinition",
        "ecs:CreateService",
        certain=False,
    ),
    _run(
        "ecs-004",
        "a task in an existing ECS cluster",
        "ecs:RegisterTaskDefinition",
        "ecs:RunTask",
        certain=False,
    ),
    _run(
        "ecs-005",
        "a task on an existing container instance",
        "ecs:RegisterTaskDefinition",
        "ecs:StartTask",
        certain=False,
    ),
    _run("glue-001", "a Glue development endpoint", "glue:CreateDevEndpoint"),
    _run("glue-003", "a Glue job", "glue:CreateJob", "glue:StartJobRun"),
    _run("glue-004", "a Glue job", "glue:CreateJob", "glue:CreateTrigger"),
    _run("glue-005", "an existing Glue job", "glue:UpdateJob", "glue:StartJobRun", certain=False),
    _run("glue-006", "an existing Glue job", "glue:UpdateJob", "glue:CreateTrigger", certain=False),
    _run("lambda-001", "a Lambda function", "lambda:CreateFunction", "lambda:InvokeFunction"),
    _run(
        "lambda-002",
        "a Lambda function with an existing source of events",
        "lambda:CreateFunction",
        "lambda:CreateEventSourceMapping",
        certain=False,
    ),
    _run("lambda-006", "a Lambda function", "lambda:CreateFunction", "lambda:AddPermission"),
    _run("sagemaker-001", "a SageMaker notebook", "sagemaker:CreateNotebookInstance"),
    _run("sagemaker-002", "a SageMaker training job", "sagemaker:CreateTrainingJob"),
    _run("sagemaker-003", "a SageMaker processing job", "sagemaker:CreateProcessingJob"),
    _run(
        "own-automation",
        "an automation of Systems Manager",
        "ssm:StartAutomationExecution",
    ),
    _run("own-activation", "a machine that it registers with Systems Manager", "ssm:CreateActivation"),
    _run("own-glue-session", "a Glue session", "glue:CreateSession", "glue:RunStatement"),
    _run("own-cloud-control", "a resource of Cloud Control", "cloudformation:CreateResource"),
    _run(
        "own-agent-runtime",
        "a Bedrock agent",
        "bedrock-agentcore:CreateAgentRuntime",
        "bedrock-agentcore:InvokeAgentRuntime",
    ),
    _run(
        "own-emr-serverless",
        "an EMR Serverless job",
        "emr-serverless:CreateApplication",
        "emr-serverless:StartJobRun",
    ),
    _run(
        "own-sagemaker-endpoint",
        "a SageMaker endpoint",
        "sagemaker:CreateModel",
        "sagemaker:CreateEndpointConfig",
        "sagemaker:CreateEndpoint",
    ),
    _run(
        "own-sagemaker-studio",
        "a SageMaker domain",
        "sagemaker:CreateDomain",
        "sagemaker:CreateUserProfile",
        "sagemaker:CreatePresignedDomainUrl",
    ),
    _run("own-code-pipeline", "a CodePipeline pipeline", "codepipeline:CreatePipeline"),
    _run("own-airflow", "an Airflow environment", "airflow:CreateEnvironment", "airflow:CreateWebLoginToken"),
    _run(
        "own-beanstalk",
        "an Elastic Beanstalk environment",
        "elasticbeanstalk:CreateApplication",
        "elasticbeanstalk:CreateEnvironment",
    ),
    _run(
        "own-kinesis-analytics",
        "a Kinesis Analytics application",
        "kinesisanalytics:CreateApplication",
        "kinesisanalytics:StartApplication",
    ),
    _run("own-batch", "a Batch job", "batch:RegisterJobDefinition", "batch:SubmitJob", certain=False),
    _run("own-emr", "an EMR cluster", "elasticmapreduce:RunJobFlow"),
    _run("own-scheduler", "a schedule", "scheduler:CreateSchedule"),
    _run("own-step-functions", "a state machine", "states:CreateStateMachine", "states:StartExecution"),
    # What needs something that exists already
    EscalationPath(
        "sts-001",
        "assume a role that trusts the whole account",
        (Need("sts:AssumeRole", ROLES),),
        certain=False,
    ),
    _possible("own-association", "run commands on an instance with a strong role", "ssm:CreateAssociation"),
    _possible(
        "own-instance-profile-change",
        "change the role of an instance",
        "ec2:ReplaceIamInstanceProfileAssociation",
    ),
    _possible("apprunner-002", "change an App Runner service with a strong role", "apprunner:UpdateService"),
    _possible(
        "bedrock-002",
        "use a Bedrock code interpreter with a strong role",
        "bedrock-agentcore:StartCodeInterpreterSession",
        "bedrock-agentcore:InvokeCodeInterpreter",
    ),
    _possible("cloudformation-002", "change a stack that has a strong role", "cloudformation:UpdateStack"),
    _possible(
        "cloudformation-005",
        "change a stack that has a strong role",
        "cloudformation:CreateChangeSet",
        "cloudformation:ExecuteChangeSet",
    ),
    _possible("codebuild-002", "start a build that has a strong role", "codebuild:StartBuild"),
    _possible("codebuild-003", "start a build that has a strong role", "codebuild:StartBuildBatch"),
    _possible(
        "ec2-002",
        "change what an instance with a strong role starts",
        "ec2:ModifyInstanceAttribute",
        "ec2:StopInstances",
        "ec2:StartInstances",
    ),
    _possible(
        "ec2-004",
        "change a launch template with a strong role",
        "ec2:CreateLaunchTemplateVersion",
        "ec2:ModifyLaunchTemplate",
    ),
    _possible(
        "ec2instanceconnect-003",
        "log on to an instance with a strong role",
        "ec2-instance-connect:SendSSHPublicKey",
    ),
    _possible("own-ecs-exec", "enter a container with a strong role", "ecs:ExecuteCommand"),
    _possible("glue-002", "change a Glue endpoint with a strong role", "glue:UpdateDevEndpoint"),
    _possible("lambda-003", "change a function with a strong role", "lambda:UpdateFunctionCode"),
    _possible(
        "own-lambda-layer", "change a function with a strong role", "lambda:UpdateFunctionConfiguration"
    ),
    _possible(
        "sagemaker-004",
        "open a notebook with a strong role",
        "sagemaker:CreatePresignedNotebookInstanceUrl",
    ),
    _possible(
        "sagemaker-005",
        "change a notebook with a strong role",
        "sagemaker:CreateNotebookInstanceLifecycleConfig",
        "sagemaker:StopNotebookInstance",
        "sagemaker:UpdateNotebookInstance",
        "sagemaker:StartNotebookInstance",
    ),
    _possible("ssm-001", "log on to an instance with a strong role", "ssm:StartSession"),
    _possible("ssm-002", "run commands on an instance with a strong role", "ssm:SendCommand"),
    # IAM: who has access to the account
    *_manages(
        "change what users, groups or roles are allowed",
        "iam:AttachGroupPolicy",
        "iam:AttachRolePolicy",
        "iam:AttachUserPolicy",
        "iam:CreatePolicyVersion",
        "iam:DeleteGroupPolicy",
        "iam:DeleteRolePermissionsBoundary",
        "iam:DeleteRolePolicy",
        "iam:DeleteUserPermissionsBoundary",
        "iam:DeleteUserPolicy",
        "iam:DetachGroupPolicy",
        "iam:DetachRolePolicy",
        "iam:DetachUserPolicy",
        "iam:PutGroupPolicy",
        "iam:PutRolePermissionsBoundary",
        "iam:PutRolePolicy",
        "iam:PutUserPermissionsBoundary",
        "iam:PutUserPolicy",
        "iam:SetDefaultPolicyVersion",
        accounts=EVERYWHERE,
    ),
    *_manages(
        "change who can sign in to the account",
        "iam:AddClientIDToOpenIDConnectProvider",
        "iam:AddUserToGroup",
        "iam:CreateAccessKey",
        "iam:CreateLoginProfile",
        "iam:DeactivateMFADevice",
        "iam:UpdateAccessKey",
        "iam:UpdateOpenIDConnectProviderThumbprint",
        "iam:CreateOpenIDConnectProvider",
        "iam:CreateSAMLProvider",
        "iam:RemoveUserFromGroup",
        "iam:UpdateAssumeRolePolicy",
        "iam:UpdateLoginProfile",
        "iam:UpdateSAMLProvider",
        accounts=EVERYWHERE,
    ),
    # Identity Center, in the accounts that manage it
    *_manages(
        "assign permission sets to anyone",
        "sso:CreateAccountAssignment",
        "sso:DeleteAccountAssignment",
    ),
    *_manages(
        "change what permission sets allow",
        "sso:AttachManagedPolicyToPermissionSet",
        "sso:AttachCustomerManagedPolicyReferenceToPermissionSet",
        "sso:PutInlinePolicyToPermissionSet",
        "sso:PutPermissionsBoundaryToPermissionSet",
        "sso:DeletePermissionsBoundaryFromPermissionSet",
        "sso:DetachManagedPolicyFromPermissionSet",
        "sso:DetachCustomerManagedPolicyReferenceFromPermissionSet",
        "sso:DeleteInlinePolicyFromPermissionSet",
        "sso:ProvisionPermissionSet",
        "sso:UpdatePermissionSet",
    ),
    *_manages(
        "change how people sign in",
        "sso:UpdateSSOConfiguration",
        "sso:AssociateDirectory",
        "sso:PutMfaDeviceManagementForDirectory",
        "sso:CreateTrustedTokenIssuer",
        "sso-directory:CreateBearerToken",
        "sso-directory:CreateExternalIdPConfigurationForDirectory",
        "sso-directory:UpdateExternalIdPConfigurationForDirectory",
        "sso-directory:EnableExternalIdPConfigurationForDirectory",
        "sso-directory:DisableExternalIdPConfigurationForDirectory",
        "sso-directory:ImportExternalIdPCertificate",
        "sso-directory:DeleteMfaDeviceForUser",
    ),
    *_manages(
        "change which attributes decide about access",
        "sso:CreateInstanceAccessControlAttributeConfiguration",
        "sso:UpdateInstanceAccessControlAttributeConfiguration",
    ),
    *_manages(
        "change who is in a group",
        "identitystore:CreateGroupMembership",
        "identitystore:DeleteGroupMembership",
        "sso-directory:AddMemberToGroup",
        "sso-directory:RemoveMemberFromGroup",
    ),
    *_manages(
        "create users and change how they sign in",
        "identitystore:CreateUser",
        "identitystore:UpdateUser",
        "sso-directory:CreateUser",
        "sso-directory:UpdatePassword",
        "sso-directory:UpdateUser",
    ),
    *_manages(
        "give users and groups IAM roles",
        "account-access:CreateEntitlement",
        "account-access:DeleteEntitlement",
    ),
    *_manages(
        "change the organization's policies and delegated administrators",
        "organizations:AttachPolicy",
        "organizations:DetachPolicy",
        "organizations:UpdatePolicy",
        "organizations:DeletePolicy",
        "organizations:DisablePolicyType",
        "organizations:PutResourcePolicy",
        "organizations:RegisterDelegatedAdministrator",
        "organizations:EnableAWSServiceAccess",
        accounts=MANAGEMENT,
    ),
    EscalationPath(
        "own-organization-role",
        "assume the administrator role that Organizations creates in member accounts",
        (Need("sts:AssumeRole", "role/OrganizationAccountAccessRole"),),
        Privilege.MANAGES_ACCESS,
        certain=False,
        accounts=MANAGEMENT,
    ),
    *_manages(
        "change root users of member accounts",
        "sts:AssumeRoot",
        "iam:EnableOrganizationsRootCredentialsManagement",
        "iam:EnableOrganizationsRootSessions",
        "account:AcceptPrimaryEmailUpdate",
        accounts=MANAGEMENT,
    ),
    *_manages(
        "change which accounts belong to the organization and where",
        "organizations:CreateAccount",
        "organizations:InviteAccountToOrganization",
        "organizations:MoveAccount",
        "organizations:RemoveAccountFromOrganization",
        accounts=MANAGEMENT,
    ),
)
"""Every path that is known, the clearest of each level first."""
