"""The pod that a CronJob's job would start, for an engine that knows neither: `podman kube play`.

    kubectl kustomize OVERLAY | python -m tests.deployment.pod IMAGE CLAIMS [INDEX]

prints it, with the ConfigMaps and Secrets that it needs and, where CLAIMS is `new`, its claims: podman makes
no volume twice. It is changed in two ways: the image is a
local one that is never pulled, and the label and variable are there that the job's controller would add.
"""

import sys
from collections.abc import Iterable, Iterator
from typing import Any

import yaml

NAME = "sso-batch-29384750"
"""The name of the job: the CronJob's and the minute of its schedule."""

_BESIDE = ("ConfigMap", "Secret")
_CLAIM = "PersistentVolumeClaim"


def played(
    objects: Iterable[dict[str, Any]], image: str, index: str | None, *, claims: bool
) -> Iterator[dict[str, Any]]:
    """The objects to play; `index` is the number of the pod in an indexed job."""
    for each in objects:
        if each["kind"] in _BESIDE or (claims and each["kind"] == _CLAIM):
            yield each
        elif each["kind"] == "CronJob":
            yield _pod(each["spec"]["jobTemplate"]["spec"]["template"], image, index)


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
    """Read manifests from stdin, write the pod's to stdout."""
    documents = played(yaml.safe_load_all(sys.stdin), image, index, claims=claims == "new")
    sys.stdout.write(yaml.safe_dump_all(documents, sort_keys=False))


if __name__ == "__main__":
    main(*sys.argv[1:])
