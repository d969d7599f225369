"""The CronJob and what is around it: what a schema lets pass and Kubernetes, or an auditor, would not."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped] # it has no types
import pytest

from sso_batch import __version__
from sso_batch.config import Config, load
from sso_batch.runner.start import begin
from sso_batch.store import Folder
from tests.deployment.manifests import OVERLAYS, container, job, objects, one, pod
from tests.deployment.pod import NAME, played
from tests.support.records import STARTED

OLDEST, NEWEST = "1.31", "1.37"
"""podFailurePolicy is stable since 1.31; the other is the newest whose schema is known."""

each_overlay = pytest.mark.parametrize("overlay", OVERLAYS)

EXTERNAL_IDS = {"ACME_EXTERNAL_ID": "made-up", "EXTERNAL_ID": "made-up"}


def configuration(overlay: str, folder: Path) -> Config:
    """The configuration of an overlay, as the container reads it."""
    file = folder / "orgs.yaml"
    file.write_text(one(overlay, "ConfigMap")["data"]["orgs.yaml"])
    return load(file, EXTERNAL_IDS)


@each_overlay
@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_schema(overlay: str, version: str) -> None:
    """Every object is valid, with no field that the API would drop."""
    for each in objects(overlay):
        kubernetes_validate.validate(each, version, strict=True)


@each_overlay
def test_schedule(overlay: str) -> None:
    """Every night at two in a named time zone, one at a time, and late rather than not at all."""
    spec = one(overlay, "CronJob")["spec"]

    assert re.fullmatch(r"[0-5]?\d ([01]?\d|2[0-3]) \* \* \*", spec["schedule"])
    assert spec["timeZone"] == "Etc/UTC"
    assert spec["concurrencyPolicy"] == "Forbid"
    assert 600 <= spec["startingDeadlineSeconds"] < 86400
    assert not spec.get("suspend", False)


@each_overlay
def test_tries(overlay: str, tmp_path: Path) -> None:
    """A job lasts as long as all its tries may take, and a pod is never restarted in place."""
    spec = job(overlay)
    tries = 1 + spec["backoffLimitPerIndex" if overlay == "sharded" else "backoffLimit"]
    deadline = configuration(overlay, tmp_path).run.deadline

    assert tries == 3
    assert timedelta(seconds=spec["activeDeadlineSeconds"]) > tries * deadline + timedelta(minutes=10)
    assert spec["activeDeadlineSeconds"] < 86400  # or the next night would be forbidden
    assert spec["ttlSecondsAfterFinished"] >= 86400
    assert pod(overlay)["restartPolicy"] == "Never"  # podFailurePolicy asks for it
    assert pod(overlay)["terminationGracePeriodSeconds"] > 5
    assert "--resume" in str(container(overlay).get("args", container(overlay).get("command")))


@each_overlay
def test_failures(overlay: str) -> None:
    """A disruption is nobody's failure; 2 and 3 end it at once; 4 and 5 count and are tried again."""
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
    """The pod is what the namespace's `restricted` standard asks for, and has no token of Kubernetes."""
    namespace, account = one(overlay, "Namespace"), one(overlay, "ServiceAccount")

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
    """Requests and limits are there for each resource."""
    resources = container(overlay)["resources"]

    assert set(resources["requests"]) == set(resources["limits"]) == {"cpu", "memory", "ephemeral-storage"}


@each_overlay
def test_network(overlay: str) -> None:
    """Nobody reaches the pod; it reaches names and HTTPS, and Pod Identity's agent where that is used."""
    policy = one(overlay, "NetworkPolicy")["spec"]

    assert (
        policy["podSelector"]["matchLabels"].items() <= job(overlay)["template"]["metadata"]["labels"].items()
    )
    assert (policy["policyTypes"], policy["ingress"]) == (["Ingress", "Egress"], [])
    reached = [
        (port["protocol"], port["port"], tuple(to["ipBlock"]["cidr"] for to in rule.get("to", ())))
        for rule in policy["egress"]
        for port in rule["ports"]
    ]
    agent = ("TCP", 80, ("169.254.170.23/32", "fd00:ec2::23/128"))
    assert reached == [
        ("UDP", 53, ()),
        ("TCP", 53, ()),
        ("TCP", 443, ()),
        *([agent] if overlay in {"pod-identity", "sharded"} else []),
    ]


@each_overlay
def test_run_id(overlay: str, tmp_path: Path) -> None:
    """The run's id is the job's name: the same for each try, and one that sso-batch takes."""
    (variable,) = (each for each in container(overlay)["env"] if each["name"] == "SSO_BATCH_RUN_ID")
    pods = [each for each in played(objects(overlay), "local", None, claims=True) if each["kind"] == "Pod"]

    assert variable["valueFrom"]["fieldRef"]["fieldPath"] == (
        "metadata.labels['batch.kubernetes.io/job-name']"
    )
    assert pods[0]["metadata"]["labels"]["batch.kubernetes.io/job-name"] == NAME
    assert re.fullmatch(rf"{one(overlay, 'CronJob')['metadata']['name']}-\d{{8}}", NAME)
    names, _ = begin(Folder(tmp_path / "reports"), NAME, lambda: STARTED)
    assert names.run_id == NAME


@each_overlay
def test_configuration(overlay: str, tmp_path: Path) -> None:
    """orgs.yaml is valid, mounted where the container looks, and gets a new name when it changes."""
    config = configuration(overlay, tmp_path)
    name = one(overlay, "ConfigMap")["metadata"]["name"]
    (volume,) = (each for each in pod(overlay)["volumes"] if each["name"] == "config")
    mounts = {each["name"]: each["mountPath"] for each in container(overlay)["volumeMounts"]}
    variables = {each["name"]: each.get("value") for each in container(overlay)["env"]}

    assert volume["configMap"]["name"] == name
    assert re.fullmatch(r"sso-batch-[a-z0-9]{10}", name)
    assert variables["SSO_BATCH_CONFIG"] == f"{mounts['config']}/orgs.yaml"
    assert variables["TMPDIR"] in mounts.values()
    assert config.output.directory == (
        mounts["reports"] if overlay == "volume" else "s3://example-audits/nightly"
    )


@each_overlay
def test_secrets(overlay: str) -> None:
    """Secrets are named, never there; without the Secret a run says itself what it lacks."""
    assert [each for each in objects(overlay) if each["kind"] == "Secret"] == []
    assert container(overlay)["envFrom"] == [{"secretRef": {"name": "sso-batch", "optional": True}}]
    assert "made-up" not in str(objects(overlay))


@each_overlay
def test_image(overlay: str) -> None:
    """The image is of this version."""
    assert container(overlay)["image"] == f"sso-batch:{__version__}"


def test_irsa() -> None:
    """With IRSA the service account names the role that its token is taken for."""
    annotations = one("irsa", "ServiceAccount")["metadata"]["annotations"]

    assert annotations["eks.amazonaws.com/role-arn"] == "arn:aws:iam::111122223333:role/SsoBatchRunner"


def test_volume() -> None:
    """The reports' claim is the one that is mounted."""
    claim = one("volume", "PersistentVolumeClaim")["metadata"]["name"]
    volumes: list[dict[str, Any]] = pod("volume")["volumes"]

    assert {"name": "reports", "persistentVolumeClaim": {"claimName": claim}} in volumes


@pytest.mark.parametrize("overlay", ["irsa", "pod-identity"])
def test_spool(overlay: str) -> None:
    """Files that S3 did not take outlive the pod: TMPDIR is on a claim of its own."""
    claim = one(overlay, "PersistentVolumeClaim")["metadata"]["name"]
    (variable,) = (each for each in container(overlay)["env"] if each["name"] == "TMPDIR")
    (volume,) = (
        each["name"] for each in container(overlay)["volumeMounts"] if each["mountPath"] == variable["value"]
    )

    assert {"name": volume, "persistentVolumeClaim": {"claimName": claim}} in pod(overlay)["volumes"]


def test_shards() -> None:
    """One pod more than there are shards, all at once; nobody's failure ends the others."""
    spec = job("sharded")
    (count,) = (
        variable for variable in container("sharded")["env"] if variable["name"] == "SSO_BATCH_SHARD_COUNT"
    )

    assert spec["completionMode"] == "Indexed"
    assert spec["completions"] == spec["parallelism"] == int(count["value"]) + 1
    assert spec["backoffLimitPerIndex"] == 2
    assert not {"backoffLimit", "maxFailedIndexes"} & set(spec)


def test_shards_end_before_their_merge_gives_up(tmp_path: Path) -> None:
    """The deadline of a shard is shorter than its merge waits."""
    command = container("sharded")["command"][-1]
    wait = re.search(r"exec sso-batch merge --wait (\d+)h", command)
    assert wait

    assert configuration("sharded", tmp_path).run.deadline < timedelta(hours=int(wait[1]))
