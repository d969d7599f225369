"""Tests of the Kubernetes manifests beyond their schema."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped] # untyped
import pytest

from sso_batch import __version__
from sso_batch.config import Config, load
from sso_batch.runner.start import begin
from sso_batch.store import FolderPlace
from tests.deployment.manifests import OVERLAYS, container, find_object, job, objects, pod
from tests.deployment.pod import NAME, playable_objects
from tests.support.records import STARTED

OLDEST, NEWEST = "1.31", "1.37"
"""podFailurePolicy is stable since 1.31; the newest version is the last with a known schema."""

each_overlay = pytest.mark.parametrize("overlay", OVERLAYS)

EXTERNAL_IDS = {"ACME_EXTERNAL_ID": "made-up", "EXTERNAL_ID": "made-up"}


def configuration(overlay: str, folder: Path) -> Config:
    """Return the configuration of an overlay as the container reads it."""
    file = folder / "orgs.yaml"
    file.write_text(find_object(overlay, "ConfigMap")["data"]["orgs.yaml"])
    return load(file, EXTERNAL_IDS)


@each_overlay
@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_schema(overlay: str, version: str) -> None:
    """Every object is valid and has no unknown field."""
    for item in objects(overlay):
        kubernetes_validate.validate(item, version, strict=True)


@each_overlay
def test_schedule(overlay: str) -> None:
    """The job runs at two every night in a named time zone, without overlap, and may start late."""
    spec = find_object(overlay, "CronJob")["spec"]

    assert re.fullmatch(r"[0-5]?\d ([01]?\d|2[0-3]) \* \* \*", spec["schedule"])
    assert spec["timeZone"] == "Etc/UTC"
    assert spec["concurrencyPolicy"] == "Forbid"
    assert 600 <= spec["startingDeadlineSeconds"] < 86400
    assert not spec.get("suspend", False)


@each_overlay
def test_attempts(overlay: str, tmp_path: Path) -> None:
    """The deadline of a job allows all attempts, and a pod is never restarted in place."""
    spec = job(overlay)
    attempts = 1 + spec["backoffLimitPerIndex" if overlay == "sharded" else "backoffLimit"]
    deadline = configuration(overlay, tmp_path).run.deadline

    assert attempts == 3
    assert timedelta(seconds=spec["activeDeadlineSeconds"]) > attempts * deadline + timedelta(minutes=10)
    assert spec["activeDeadlineSeconds"] < 86400  # otherwise the next night would not start
    assert spec["ttlSecondsAfterFinished"] >= 86400
    assert pod(overlay)["restartPolicy"] == "Never"  # required by podFailurePolicy
    assert pod(overlay)["terminationGracePeriodSeconds"] > 5
    assert "--resume" in str(container(overlay).get("args", container(overlay).get("command")))


@each_overlay
def test_failures(overlay: str) -> None:
    """Disruptions are ignored, exit codes 2 and 3 end the job, and 4 and 5 are retried."""
    sharded = overlay == "sharded"

    rules = job(overlay)["podFailurePolicy"]["rules"]

    assert [rule["action"] for rule in rules] == ["Ignore", "FailIndex" if sharded else "FailJob", "Count"]
    assert rules[0]["onPodConditions"] == [{"type": "DisruptionTarget", "status": "True"}]
    assert [(rule["onExitCodes"]["operator"], rule["onExitCodes"]["values"]) for rule in rules[1:]] == [
        ("In", [2, 3]),
        ("In", [4, 5]),
    ]
    assert {rule["onExitCodes"]["containerName"] for rule in rules[1:]} == {container(overlay)["name"]}


@each_overlay
def test_security(overlay: str) -> None:
    """The pod meets the `restricted` standard of the namespace and has no Kubernetes token."""
    namespace, account = find_object(overlay, "Namespace"), find_object(overlay, "ServiceAccount")

    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert account["automountServiceAccountToken"] is pod(overlay)["automountServiceAccountToken"] is False
    assert pod(overlay)["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 10001,
        "runAsGroup": 10001,
        "fsGroup": 10001,
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert container(overlay)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod(overlay))


@each_overlay
def test_resources(overlay: str) -> None:
    """There are requests and limits for each resource."""
    resources = container(overlay)["resources"]

    assert set(resources["requests"]) == set(resources["limits"]) == {"cpu", "memory", "ephemeral-storage"}


@each_overlay
def test_network(overlay: str) -> None:
    """The pod accepts no traffic, and reaches DNS, HTTPS and, if used, the Pod Identity agent."""
    policy = find_object(overlay, "NetworkPolicy")["spec"]

    assert (
        policy["podSelector"]["matchLabels"].items() <= job(overlay)["template"]["metadata"]["labels"].items()
    )
    assert (policy["policyTypes"], policy["ingress"]) == (["Ingress", "Egress"], [])
    egress = [
        (port["protocol"], port["port"], tuple(to["ipBlock"]["cidr"] for to in rule.get("to", ())))
        for rule in policy["egress"]
        for port in rule["ports"]
    ]
    agent = ("TCP", 80, ("169.254.170.23/32", "fd00:ec2::23/128"))
    assert egress == [
        ("UDP", 53, ()),
        ("TCP", 53, ()),
        ("TCP", 443, ()),
        *([agent] if overlay in {"pod-identity", "sharded"} else []),
    ]


@each_overlay
def test_run_id(overlay: str, tmp_path: Path) -> None:
    """The run ID is the name of the job, the same for each attempt, and valid."""
    (variable,) = (item for item in container(overlay)["env"] if item["name"] == "SSO_BATCH_RUN_ID")
    pods = [
        item
        for item in playable_objects(objects(overlay), "local", None, claims=True)
        if item["kind"] == "Pod"
    ]

    assert variable["valueFrom"]["fieldRef"]["fieldPath"] == (
        "metadata.labels['batch.kubernetes.io/job-name']"
    )
    assert pods[0]["metadata"]["labels"]["batch.kubernetes.io/job-name"] == NAME
    assert re.fullmatch(rf"{find_object(overlay, 'CronJob')['metadata']['name']}-\d{{8}}", NAME)
    names, _, _ = begin(FolderPlace(tmp_path / "reports"), NAME, lambda: STARTED)
    assert names.run_id == NAME


@each_overlay
def test_configuration(overlay: str, tmp_path: Path) -> None:
    """orgs.yaml is valid, mounted at the configured path, and named by its content."""
    config = configuration(overlay, tmp_path)
    name = find_object(overlay, "ConfigMap")["metadata"]["name"]
    (volume,) = (item for item in pod(overlay)["volumes"] if item["name"] == "config")
    mounts = {item["name"]: item["mountPath"] for item in container(overlay)["volumeMounts"]}
    variables = {item["name"]: item.get("value") for item in container(overlay)["env"]}

    assert volume["configMap"]["name"] == name
    assert re.fullmatch(r"sso-batch-[a-z0-9]{10}", name)
    assert variables["SSO_BATCH_CONFIG"] == f"{mounts['config']}/orgs.yaml"
    assert variables["TMPDIR"] in mounts.values()
    assert config.output.directory == (
        mounts["reports"] if overlay == "volume" else "s3://example-audits/nightly"
    )


@each_overlay
def test_secrets(overlay: str) -> None:
    """Secrets are referenced but not included, and the Secret is optional."""
    assert [item for item in objects(overlay) if item["kind"] == "Secret"] == []
    assert container(overlay)["envFrom"] == [{"secretRef": {"name": "sso-batch", "optional": True}}]
    assert "made-up" not in str(objects(overlay))


@each_overlay
def test_image(overlay: str) -> None:
    """The image has the version of the package."""
    assert container(overlay)["image"] == f"sso-batch:{__version__}"


def test_irsa() -> None:
    """With IRSA the service account names the role."""
    annotations = find_object("irsa", "ServiceAccount")["metadata"]["annotations"]

    assert annotations["eks.amazonaws.com/role-arn"] == "arn:aws:iam::111122223333:role/SsoBatchRunner"


def test_volume() -> None:
    """The claim for reports is mounted."""
    claim = find_object("volume", "PersistentVolumeClaim")["metadata"]["name"]
    volumes: list[dict[str, Any]] = pod("volume")["volumes"]

    assert {"name": "reports", "persistentVolumeClaim": {"claimName": claim}} in volumes


@pytest.mark.parametrize("overlay", ["irsa", "pod-identity"])
def test_spool(overlay: str) -> None:
    """TMPDIR is on a separate claim, so that files that could not be uploaded outlive the pod."""
    claim = find_object(overlay, "PersistentVolumeClaim")["metadata"]["name"]
    (variable,) = (item for item in container(overlay)["env"] if item["name"] == "TMPDIR")
    (volume,) = (
        item["name"] for item in container(overlay)["volumeMounts"] if item["mountPath"] == variable["value"]
    )

    assert {"name": volume, "persistentVolumeClaim": {"claimName": claim}} in pod(overlay)["volumes"]


def test_shards() -> None:
    """There is one more pod than shards, all in parallel, and no failure ends the others."""
    spec = job("sharded")
    (count,) = (
        variable for variable in container("sharded")["env"] if variable["name"] == "SSO_BATCH_SHARD_COUNT"
    )

    assert spec["completionMode"] == "Indexed"
    assert spec["completions"] == spec["parallelism"] == int(count["value"]) + 1
    assert spec["backoffLimitPerIndex"] == 2
    assert not {"backoffLimit", "maxFailedIndexes"} & set(spec)


def test_shards_end_before_the_merge_times_out(tmp_path: Path) -> None:
    """The deadline of a shard is shorter than the wait of the merge."""
    command = container("sharded")["command"][-1]
    wait = re.search(r"exec sso-batch merge --wait (\d+)h", command)
    assert wait

    assert configuration("sharded", tmp_path).run.deadline < timedelta(hours=int(wait[1]))
