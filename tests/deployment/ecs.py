"""The stack of the ECS template, and its container as arguments of `podman run`."""

from collections.abc import Iterator, Mapping

from tests.deployment.cloudformation import Object, Parameter, Stack
from tests.deployment.manifests import ROOT

TEMPLATE = ROOT / "config/ecs/scheduled-audit.yaml"

PARAMETER = "arn:aws:ssm:eu-west-1:111122223333:parameter/sso-batch/orgs.yaml"
SECRET = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:sso-batch-orgs-AbCdEf"
OBJECT = "arn:aws:s3:::acme-configuration/sso-batch/orgs.yaml"
EXTERNAL_ID = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:sso-batch-external-id-AbCdEf"

REQUIRED: Mapping[str, Parameter] = {
    "Image": f"111122223333.dkr.ecr.eu-west-1.amazonaws.com/sso-batch@sha256:{64 * 'a'}",
    "Configuration": PARAMETER,
    "AuditedRoleArns": ["arn:aws:iam::*:role/SsoBatchAudit"],
    "VpcId": "vpc-1",
    "SubnetIds": ["subnet-1", "subnet-2"],
}
"""The parameters without a default."""


def stack(**parameters: Parameter) -> Stack:
    """Return a stack of the template."""
    return Stack(TEMPLATE, {**REQUIRED, **parameters})


def container(created: Stack) -> Object:
    """Return the only container of the task definition."""
    (found,) = created.resources["TaskDefinition"]["ContainerDefinitions"]
    return dict(found)


def podman_arguments(created: Stack, image: str) -> Iterator[str]:
    """Yield the arguments of `podman run` that start the container as Fargate would.

    The values of secrets come from podman's environment.
    """
    task, settings = created.resources["TaskDefinition"], container(created)
    variables = {variable["Name"]: variable["Value"] for variable in settings["Environment"]}
    yield f"--user={settings['User']}"
    if settings["ReadonlyRootFilesystem"]:
        yield from ("--read-only", "--read-only-tmpfs=false")
    yield from (f"--cap-drop={name}" for name in settings["LinuxParameters"]["Capabilities"]["Drop"])
    yield f"--cpus={int(task['Cpu']) / 1024}"
    yield f"--memory={settings['Memory']}m"
    yield f"--stop-timeout={settings['StopTimeout']}"
    # The anonymous volume has the mode of the image's folder, as on Fargate if the image declares it.
    yield from (f"--volume={mount['ContainerPath']}" for mount in settings["MountPoints"])
    yield from (f"--env={name}={value}" for name, value in variables.items())
    yield from (f"--env={secret['Name']}" for secret in settings["Secrets"])
    yield from (image, *settings["Command"])
