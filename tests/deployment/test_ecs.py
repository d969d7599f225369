"""Tests of the ECS template beyond its schema."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore import xform_name
from botocore.loaders import create_loader
from botocore.model import ServiceModel

from sso_batch.config import S3Place, load
from sso_batch.iam.policies import RUNNER, build_policies
from tests.deployment.cloudformation import Object, Stack, problems
from tests.deployment.cloudwatch import CLOUDWATCH
from tests.deployment.ecs import (
    EXTERNAL_ID,
    OBJECT,
    PARAMETER,
    SECRET,
    TEMPLATE,
    container,
    podman_arguments,
    stack,
)
from tests.deployment.manifests import ROOT

ROSTER = "arn:aws:s3:::acme-configuration/sso-batch/hr.csv"
KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
TOPIC = "arn:aws:sns:eu-west-1:111122223333:access-audit"
REPOSITORY = "arn:aws:ecr:eu-west-1:111122223333:repository/sso-batch"
ROLES = ["arn:aws:iam::222233334444:role/SsoBatchAudit", "arn:aws:iam::333344445555:role/SsoBatchAudit"]

SMALLEST = stack()
FULL = stack(
    Configuration=OBJECT,
    ExternalIdSecretArn=EXTERNAL_ID,
    RosterArn=ROSTER,
    ConfigurationKeyArn=KEY,
    RepositoryArn=REPOSITORY,
    AuditedRoleArns=ROLES,
    ReportsKeyArn=KEY,
    LogKeyArn=KEY,
    ObjectLockDays=365,
    TopicArn=TOPIC,
)

each_stack = pytest.mark.parametrize("created", [SMALLEST, FULL], ids=["smallest", "full"])

DOCUMENT: Object = yaml.safe_load(TEMPLATE.read_text())


def statements(created: Stack, role: str) -> dict[str, Object]:
    """Return the statements of a role by their IDs."""
    (policy,) = created.resources[role]["Policies"]
    found: list[Object] = policy["PolicyDocument"]["Statement"]
    return {statement["Sid"]: statement for statement in found}


def listed(value: str | list[str]) -> list[str]:
    """Return the values of an element of a policy, which can be a single one."""
    return [value] if isinstance(value, str) else value


# Template


def test_template() -> None:
    """cfn-lint reports no problem."""
    assert problems(TEMPLATE) == ""


def test_parameters() -> None:
    """Each parameter has a description, and a label in one group."""
    parameters = DOCUMENT["Parameters"]
    interface = DOCUMENT["Metadata"]["AWS::CloudFormation::Interface"]

    grouped = [name for group in interface["ParameterGroups"] for name in group["Parameters"]]

    assert grouped == list(parameters)
    assert list(interface["ParameterLabels"]) == list(parameters)
    assert all(parameter["Description"] for parameter in parameters.values())


def test_documentation() -> None:
    """The page lists each parameter with its default, and each output."""
    text = (ROOT / "docs/how-to/ecs.md").read_text()

    rows = re.findall(r"^\| `(\w+)` \| (.*?) \|", text, re.MULTILINE)

    expected = {
        name: f"`{parameter['Default']}`" if parameter.get("Default", "") != "" else ""
        for name, parameter in DOCUMENT["Parameters"].items()
    }
    required = {name for name, parameter in DOCUMENT["Parameters"].items() if "Default" not in parameter}
    assert dict(rows) == expected | dict.fromkeys(required, "required")
    assert all(f"`{name}`" in text for name in DOCUMENT["Outputs"])


# Reports


@each_stack
def test_bucket(created: Stack) -> None:
    """The bucket is private, versioned and kept when the stack is deleted, and old versions are deleted."""
    bucket = created.resources["Reports"]
    resource = DOCUMENT["Resources"]["Reports"]

    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    expire, clean_up = bucket["LifecycleConfiguration"]["Rules"]
    assert expire == {"Id": "expire", "Status": "Enabled", "ExpirationInDays": 400}
    assert clean_up == {
        "Id": "clean-up",
        "Status": "Enabled",
        "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 2},
        "ExpiredObjectDeleteMarker": True,
    }


def test_lifecycle() -> None:
    """The parameter says how long reports are kept."""
    (expire, _) = stack(KeepReportsDays=90).resources["Reports"]["LifecycleConfiguration"]["Rules"]

    assert expire["ExpirationInDays"] == 90


def test_lifecycle_that_cloudformation_accepts() -> None:
    """Each rule has an action other than removing delete markers, which S3 does not combine with an age."""
    for rule in SMALLEST.resources["Reports"]["LifecycleConfiguration"]["Rules"]:
        actions = rule.keys() - {"Id", "Status", "ExpiredObjectDeleteMarker"}
        assert actions
        assert not {"ExpirationInDays", "ExpiredObjectDeleteMarker"} <= rule.keys()


def test_encryption() -> None:
    """S3 encrypts reports with its own keys, or with the key of the parameter."""
    settings = [
        created.resources["Reports"]["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        for created in (SMALLEST, FULL)
    ]

    assert settings == [
        [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}],
        [
            {
                "ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY},
                "BucketKeyEnabled": True,
            }
        ],
    ]


def test_object_lock() -> None:
    """Object Lock is off by default, and otherwise in governance mode."""
    assert not {name for name in SMALLEST.resources["Reports"] if "Lock" in name}
    assert FULL.resources["Reports"]["ObjectLockEnabled"] is True
    assert FULL.resources["Reports"]["ObjectLockConfiguration"] == {
        "ObjectLockEnabled": "Enabled",
        "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 365}},
    }


@each_stack
def test_only_tls(created: Stack) -> None:
    """The bucket refuses requests without TLS for itself and for its objects."""
    policy = created.resources["ReportsPolicy"]

    (statement,) = policy["PolicyDocument"]["Statement"]

    assert policy["Bucket"] == "reports"
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Resource"] == ["arn:aws:s3:::reports", "arn:aws:s3:::reports/*"]
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


# Task


@each_stack
def test_container(created: Stack) -> None:
    """The container has no privileges, and can write only to a volume that the image declares."""
    settings = container(created)
    dockerfile = (ROOT / "Dockerfile").read_text()
    declared = re.findall(r"^VOLUME (.+)$", dockerfile, re.MULTILINE)

    assert settings["ReadonlyRootFilesystem"] is True
    assert settings["LinuxParameters"] == {"Capabilities": {"Drop": ["ALL"]}}
    assert f"USER {settings['User']}" in dockerfile.splitlines()
    assert settings["User"] == "10001:10001"
    assert "Privileged" not in settings
    assert [mount["ContainerPath"] for mount in settings["MountPoints"]] == json.loads(declared[0])
    assert created.resources["TaskDefinition"]["Volumes"] == [
        {"Name": mount["SourceVolume"]} for mount in settings["MountPoints"]
    ]


@each_stack
def test_task(created: Stack) -> None:
    """The task runs on Fargate, and may take more than five seconds to stop."""
    task = created.resources["TaskDefinition"]

    assert (task["RequiresCompatibilities"], task["NetworkMode"]) == (["FARGATE"], "awsvpc")
    assert task["RuntimePlatform"] == {"OperatingSystemFamily": "LINUX", "CpuArchitecture": "X86_64"}
    assert task["EphemeralStorage"] == {"SizeInGiB": 21}
    assert container(created)["Essential"] is True
    assert 5 < container(created)["StopTimeout"] <= 120  # the maximum of Fargate


def test_architecture() -> None:
    """The parameter chooses the architecture."""
    task = stack(CpuArchitecture="ARM64").resources["TaskDefinition"]

    assert task["RuntimePlatform"]["CpuArchitecture"] == "ARM64"


# In GiB, from "Amazon ECS task definition parameters for Fargate" in the Amazon ECS Developer Guide.
FARGATE_MEMORY = {
    512: range(1, 5),
    1024: range(2, 9),
    2048: range(4, 17),
    4096: range(8, 31),
    8192: range(16, 61, 4),
    16384: range(32, 121, 8),
}


@pytest.mark.parametrize("cpu", DOCUMENT["Parameters"]["Cpu"]["AllowedValues"])
def test_sizes(cpu: str) -> None:
    """Fargate accepts each size, and it has the memory that docs/explanation/performance.md asks for."""
    created = stack(Cpu=cpu)
    task = created.resources["TaskDefinition"]

    assert task["Cpu"] == cpu
    assert task["Memory"] == container(created)["Memory"]
    assert task["Memory"] / 1024 in FARGATE_MEMORY[int(cpu)]
    assert task["Memory"] >= 256 + 192 * int(cpu) / 1024


@pytest.mark.parametrize(
    ("configuration", "location", "secrets"),
    [
        (PARAMETER, "env:ORGS_YAML", {"ORGS_YAML": PARAMETER, "EXTERNAL_ID": EXTERNAL_ID}),
        (SECRET, "env:ORGS_YAML", {"ORGS_YAML": SECRET, "EXTERNAL_ID": EXTERNAL_ID}),
        (OBJECT, "s3://acme-configuration/sso-batch/orgs.yaml", {"EXTERNAL_ID": EXTERNAL_ID}),
    ],
    ids=["parameter", "secret", "s3"],
)
def test_configuration(configuration: str, location: str, secrets: dict[str, str]) -> None:
    """The task definition has references to the configuration and the external id, and no other variable."""
    settings = container(stack(Configuration=configuration, ExternalIdSecretArn=EXTERNAL_ID))

    assert settings["Command"] == ["run"]
    assert {variable["Name"]: variable["Value"] for variable in settings["Environment"]} == {
        "SSO_BATCH_CONFIG": location,
        "SSO_BATCH_OUTPUT": "s3://reports/reports",
        "SSO_BATCH_RUN_ID": "%Y%m%d",
    }
    assert {secret["Name"]: secret["ValueFrom"] for secret in settings["Secrets"]} == secrets


def test_no_external_id() -> None:
    """Without a secret, the variable is not set, so that a configuration that uses it is refused."""
    assert [secret["Name"] for secret in container(SMALLEST)["Secrets"]] == ["ORGS_YAML"]


@pytest.mark.parametrize("configuration", ["orgs.yaml", "arn:aws:s3:::bucket", f"{OBJECT}:1"])
def test_refused_configuration(configuration: str) -> None:
    """Only the ARN of a parameter, a secret or an object is accepted."""
    with pytest.raises(AssertionError, match="Configuration"):
        stack(Configuration=configuration)


def test_image_has_a_digest() -> None:
    """A tag alone is refused."""
    with pytest.raises(AssertionError, match="Image"):
        stack(Image="sso-batch:latest")


@each_stack
def test_network(created: Stack) -> None:
    """The task accepts no connection, and opens connections to port 443 only."""
    group = created.resources["SecurityGroup"]

    assert "SecurityGroupIngress" not in group
    assert {
        (rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) for rule in group["SecurityGroupEgress"]
    } == {("tcp", 443, 443)}


# Schedule


def test_schedule() -> None:
    """The task starts in a named time zone; a start that failed is repeated, and then reported."""
    created = stack(Schedule="cron(0 2 * * ? *)", TimeZone="Europe/Berlin", AssignPublicIp="ENABLED")
    schedule = created.resources["NightlyAudit"]

    target = schedule.pop("Target")

    assert schedule == {
        "Description": "Starts sso-batch",
        "ScheduleExpression": "cron(0 2 * * ? *)",
        "ScheduleExpressionTimezone": "Europe/Berlin",
        "FlexibleTimeWindow": {"Mode": "OFF"},
    }
    assert target["RetryPolicy"] == {"MaximumRetryAttempts": 20, "MaximumEventAgeInSeconds": 7200}
    assert target["DeadLetterConfig"] == {"Arn": "NotStartedQueue.Arn"}
    assert target["Arn"] == "Cluster.Arn"
    assert target["EcsParameters"] == {
        "TaskDefinitionArn": "TaskDefinition",
        "TaskCount": 1,
        "LaunchType": "FARGATE",
        "NetworkConfiguration": {
            "AwsvpcConfiguration": {
                "Subnets": ["subnet-1", "subnet-2"],
                "SecurityGroups": ["SecurityGroup.GroupId"],
                "AssignPublicIp": "ENABLED",
            }
        },
    }
    assert created.resources["NotStartedQueue"]["SqsManagedSseEnabled"] is True


def run_task() -> Any:  # noqa: ANN401 - botocore's shape
    """Return the shape of the parameters of RunTask."""
    model = ServiceModel(create_loader().load_service_model("ecs", "service-2"), "ecs")
    return model.operation_model("RunTask").input_shape


def test_start_now() -> None:
    """The output is a command of the AWS CLI that starts the same task in the same network."""
    words = shlex.split(SMALLEST.outputs["StartNow"])

    options = dict(zip(words[3::2], words[4::2], strict=True))

    assert words[:3] == ["aws", "ecs", "run-task"]
    assert options.pop("--region") == "eu-west-1"
    assert options.keys() <= {f"--{xform_name(name, '-')}" for name in run_task().members}
    assert options == {
        "--cluster": "Cluster",
        "--task-definition": SMALLEST.resources["TaskDefinition"]["Family"],
        "--launch-type": "FARGATE",
        "--network-configuration": "awsvpcConfiguration={subnets=[subnet-1,subnet-2],"
        "securityGroups=[SecurityGroup.GroupId],assignPublicIp=DISABLED}",
    }


def test_scheduler_role() -> None:
    """Scheduler may start this task in this cluster with its two roles, and report a failed start."""
    role = statements(SMALLEST, "SchedulerRole")
    family = SMALLEST.resources["TaskDefinition"]["Family"]

    assert role["Task"] | {"Sid": ""} == {
        "Sid": "",
        "Effect": "Allow",
        "Action": "ecs:RunTask",
        "Resource": f"arn:aws:ecs:eu-west-1:111122223333:task-definition/{family}:*",
        "Condition": {"ArnEquals": {"ecs:cluster": "Cluster.Arn"}},
    }
    assert role["Roles"] | {"Sid": ""} == {
        "Sid": "",
        "Effect": "Allow",
        "Action": "iam:PassRole",
        "Resource": ["ExecutionRole.Arn", "TaskRole.Arn"],
        "Condition": {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
    }
    assert (role["NotStarted"]["Action"], role["NotStarted"]["Resource"]) == (
        "sqs:SendMessage",
        "NotStartedQueue.Arn",
    )
    assert len(role) == 3


# Roles of the task


@pytest.mark.parametrize("role", ["ExecutionRole", "TaskRole", "SchedulerRole"])
def test_trust(role: str) -> None:
    """A role can be assumed by one service, for this account."""
    (statement,) = SMALLEST.resources[role]["AssumeRolePolicyDocument"]["Statement"]

    service = "scheduler" if role == "SchedulerRole" else "ecs-tasks"
    assert statement["Principal"] == {"Service": f"{service}.amazonaws.com"}
    assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": "111122223333"}


@each_stack
def test_no_wildcards(created: Stack) -> None:
    """No action has a wildcard; all resources are allowed only for a token that has no resource."""
    allowed = [
        statement
        for role in ("ExecutionRole", "TaskRole", "SchedulerRole")
        for statement in statements(created, role).values()
    ]

    assert not [statement for statement in allowed if "*" in "".join(listed(statement["Action"]))]
    everywhere = [statement["Action"] for statement in allowed if "*" in listed(statement["Resource"])]
    assert everywhere == (["ecr:GetAuthorizationToken"] if created is FULL else [])


@pytest.mark.parametrize(
    ("created", "settings", "objects"),
    [
        (SMALLEST, "", []),
        (
            FULL,
            f"  kms_key_id: {KEY}\nnotify:\n  sns_topic_arn: {TOPIC}\n",
            [S3Place(*arn.rpartition(":")[2].split("/", 1)) for arn in (OBJECT, ROSTER)],
        ),
    ],
    ids=["smallest", "full"],
)
def test_task_role(created: Stack, settings: str, objects: list[S3Place], tmp_path: Path) -> None:
    """The role of the task has the statements that `sso-batch policy` prints for the runner."""
    role = statements(created, "TaskRole")
    audited = role["AssumeRoles"]["Resource"]
    file = tmp_path / "orgs.yaml"
    file.write_text(
        f"output:\n  directory: s3://reports/reports\n{settings}organizations:\n"
        + "".join(
            f"  - {{name: org-{number}, role_arn: '{arn.replace('*', '222233334444')}'}}\n"
            for number, arn in enumerate(audited)
        )
    )

    printed = build_policies(load(file, {}), read_first=objects)[RUNNER]["Statement"]

    printed[0]["Resource"] = audited
    role.pop("ConfigurationKey", None)
    assert list(role.values()) == printed


def test_configuration_key() -> None:
    """The role that reads the configuration may decrypt it."""
    in_parameter = stack(ConfigurationKeyArn=KEY)

    assert "ConfigurationKey" not in statements(in_parameter, "TaskRole")
    for role in (statements(in_parameter, "ExecutionRole"), statements(FULL, "TaskRole")):
        assert (role["ConfigurationKey"]["Action"], role["ConfigurationKey"]["Resource"]) == (
            "kms:Decrypt",
            KEY,
        )


@pytest.mark.parametrize(
    ("created", "expected"),
    [
        (
            SMALLEST,
            {"Log": ["Log.Arn"], "Configuration": [PARAMETER]},
        ),
        (
            FULL,
            {
                "Log": ["Log.Arn"],
                "ExternalId": [EXTERNAL_ID],
                "ConfigurationKey": [KEY],
                "Image": [REPOSITORY],
                "ImageToken": ["*"],
            },
        ),
        (stack(Configuration=OBJECT, ConfigurationKeyArn=KEY), {"Log": ["Log.Arn"]}),
        (
            stack(Configuration=OBJECT, ConfigurationKeyArn=KEY, ExternalIdSecretArn=EXTERNAL_ID),
            {"Log": ["Log.Arn"], "ExternalId": [EXTERNAL_ID], "ConfigurationKey": [KEY]},
        ),
    ],
    ids=["smallest", "full", "in S3", "in S3, with an external id"],
)
def test_execution_role(created: Stack, expected: dict[str, list[str]]) -> None:
    """ECS may write the log and read what the parameters name."""
    role = statements(created, "ExecutionRole")

    assert {name: listed(statement["Resource"]) for name, statement in role.items()} == expected


@pytest.mark.parametrize(
    ("configuration", "action"),
    [(PARAMETER, "ssm:GetParameters"), (SECRET, "secretsmanager:GetSecretValue")],
    ids=["parameter", "secret"],
)
def test_reading_the_configuration(configuration: str, action: str) -> None:
    """ECS may read the parameter or the secret with the configuration."""
    statement = statements(stack(Configuration=configuration), "ExecutionRole")["Configuration"]

    assert (statement["Action"], statement["Resource"]) == (action, configuration)


# Log and alarms


def test_log() -> None:
    """The container writes to the log of the stack, which is encrypted with the key of the parameter."""
    settings = container(SMALLEST)["LogConfiguration"]

    assert settings["LogDriver"] == "awslogs"
    assert settings["Options"]["awslogs-group"] == "Log"
    assert SMALLEST.resources["Log"] == {"RetentionInDays": 400}
    assert FULL.resources["Log"] == {"RetentionInDays": 400, "KmsKeyId": KEY}


def test_alarms() -> None:
    """The filters and alarms on the log are those of config/alerts/cloudwatch.yaml."""
    alarms = Stack(CLOUDWATCH, {"LogGroupName": "Log", "TopicArn": TOPIC}).resources

    assert {name: FULL.resources[name] for name in alarms} == alarms


def test_alarm_of_a_failed_start() -> None:
    """One start that failed raises an alarm."""
    alarm = FULL.resources["NotStarted"]

    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/SQS", "NumberOfMessagesSent")
    assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": "NotStartedQueue.QueueName"}]
    assert (alarm["Statistic"], alarm["Threshold"], alarm["ComparisonOperator"]) == (
        "Sum",
        1,
        "GreaterThanOrEqualToThreshold",
    )
    assert alarm["AlarmActions"] == [TOPIC]


def test_alarms_without_a_topic() -> None:
    """Without a topic, alarms have no action."""
    actions = [alarm["AlarmActions"] for alarm in SMALLEST.of_type("AWS::CloudWatch::Alarm").values()]

    assert actions == [[]] * 4


# The task with podman


def test_podman() -> None:
    """The container runs with the restrictions, the variables and the command of the task definition."""
    created = stack(ExternalIdSecretArn=EXTERNAL_ID)

    assert list(podman_arguments(created, "local")) == [
        "--user=10001:10001",
        "--read-only",
        "--read-only-tmpfs=false",
        "--cap-drop=ALL",
        "--cpus=1.0",
        "--memory=2048m",
        "--stop-timeout=60",
        "--volume=/tmp",
        "--env=SSO_BATCH_CONFIG=env:ORGS_YAML",
        "--env=SSO_BATCH_OUTPUT=s3://reports/reports",
        "--env=SSO_BATCH_RUN_ID=%Y%m%d",
        "--env=ORGS_YAML",
        "--env=EXTERNAL_ID",
        "local",
        "run",
    ]
