"""Kubernetes manifests as `kubectl kustomize` renders them."""

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
    """The path of a program that not every machine has; without it the test is skipped."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not on the PATH")
    return found


@cache
def text(overlay: str) -> str:
    """What kubectl makes of an overlay."""
    folder = ROOT / "config/kubernetes/overlays" / overlay
    command = [tool("kubectl"), "kustomize", str(folder)]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout  # noqa: S603


def objects(overlay: str) -> list[Object]:
    """The objects of an overlay."""
    return list(yaml.safe_load_all(text(overlay)))


def one(overlay: str, kind: str) -> Object:
    """The one object of a kind."""
    (found,) = (each for each in objects(overlay) if each["kind"] == kind)
    return found


def job(overlay: str) -> Object:
    """The job that the CronJob of an overlay makes."""
    spec: Object = one(overlay, "CronJob")["spec"]["jobTemplate"]["spec"]
    return spec


def pod(overlay: str) -> Object:
    """The pod of that job."""
    spec: Object = job(overlay)["template"]["spec"]
    return spec


def container(overlay: str) -> Object:
    """The one container of that pod."""
    (found,) = pod(overlay)["containers"]
    return dict(found)
