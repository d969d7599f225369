"""Convert a CronJob to its pod, for `podman kube play`, which supports neither CronJobs nor jobs.

    kubectl kustomize OVERLAY | python -m tests.deployment.pod IMAGE CLAIMS [INDEX]

prints the pod with its ConfigMaps and Secrets and, if CLAIMS is `new`, its volume claims, because podman
cannot create a volume twice. The pod differs in two ways: it uses a local image that is never pulled, and it
has the label and variable that the job controller would add.
"""

import sys
from collections.abc import Iterable, Iterator
from typing import Any

import yaml

NAME = "sso-batch-29384750"
"""The name of the job: the name of the CronJob and the minute of its schedule."""

_CONFIGURATION_KINDS = ("ConfigMap", "Secret")
_CLAIM = "PersistentVolumeClaim"


def playable_objects(
    objects: Iterable[dict[str, Any]], image: str, index: str | None, *, claims: bool
) -> Iterator[dict[str, Any]]:
    """Yield the objects to play; `index` is the number of the pod in an indexed job."""
    for item in objects:
        if item["kind"] in _CONFIGURATION_KINDS or (claims and item["kind"] == _CLAIM):
            yield item
        elif item["kind"] == "CronJob":
            yield _pod(item["spec"]["jobTemplate"]["spec"]["template"], image, index)


def _pod(template: dict[str, Any], image: str, index: str | None) -> dict[str, Any]:
    labels = template["metadata"]["labels"] | {"batch.kubernetes.io/job-name": NAME}
    (container,) = template["spec"]["containers"]
    container |= {"image": image, "imagePullPolicy": "Never"}
    name = NAME
    if index is not None:
        name = f"{NAME}-{index}"
        container["env"].append({"name": "JOB_COMPLETION_INDEX", "value": index})
    metadata = {"name": name, "labels": labels}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}


def main(image: str, claims: str, index: str | None = None) -> None:
    """Read manifests from stdin and write the pod to stdout."""
    documents = playable_objects(yaml.safe_load_all(sys.stdin), image, index, claims=claims == "new")
    sys.stdout.write(yaml.safe_dump_all(documents, sort_keys=False))


if __name__ == "__main__":
    main(*sys.argv[1:])
