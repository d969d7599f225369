"""Kubernetes manifests as rendered by `kubectl kustomize`."""

import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
OVERLAYS = sorted(path.name for path in (ROOT / "config/kubernetes/overlays").iterdir())

Object = dict[str, Any]


def tool(name: str) -> str:
    """Return the path of an optional program; skip the test if it is missing."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not on the PATH")
    return found


@cache
def text(overlay: str) -> str:
    """Return the rendered manifests of an overlay."""
    folder = ROOT / "config/kubernetes/overlays" / overlay
    command = [tool("kubectl"), "kustomize", str(folder)]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout  # noqa: S603


def objects(overlay: str) -> list[Object]:
    """Return the objects of an overlay."""
    return list(yaml.safe_load_all(text(overlay)))


def find_object(overlay: str, kind: str) -> Object:
    """Return the only object of a kind."""
    (found,) = (item for item in objects(overlay) if item["kind"] == kind)
    return found


def job(overlay: str) -> Object:
    """Return the job specification of the CronJob."""
    spec: Object = find_object(overlay, "CronJob")["spec"]["jobTemplate"]["spec"]
    return spec


def pod(overlay: str) -> Object:
    """Return the pod specification of the CronJob."""
    spec: Object = job(overlay)["template"]["spec"]
    return spec


def container(overlay: str) -> Object:
    """Return the container of the CronJob's pod."""
    (found,) = pod(overlay)["containers"]
    return dict(found)
