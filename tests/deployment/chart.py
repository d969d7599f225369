"""The Helm chart as rendered by Helm's own engine.

`python -m tests.deployment.chart EXAMPLE` prints the objects of an example.
"""

import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deployment.manifests import ROOT, Object

FOLDER = ROOT / "config/helm/sso-batch"
EXAMPLES = ROOT / "config/helm/examples"

Values = dict[str, Any]


def engine() -> Any:  # noqa: ANN401 - its types are known only where it is installed
    """Return the module of the Helm SDK; skip the test on a platform without it."""
    return pytest.importorskip(
        "helm_python",
        reason="helm-python-sdk has a wheel only for Linux on x86-64: the chart is not tested here",
    )


def example(name: str) -> Values:
    """Return the values of an example, with the configuration of the overlay of that name."""
    values: Values = yaml.safe_load((EXAMPLES / f"{name}.yaml").read_text())
    return values | {"config": (ROOT / "config/kubernetes/overlays" / name / "orgs.yaml").read_text()}


def files(values: Values, release: str = "sso-batch", folder: Path = FOLDER) -> dict[str, str]:
    """Return the rendered files by the names of their templates."""
    rendered: dict[str, str] = engine().Chart.load(folder).render(values, name=release, namespace="sso-batch")
    return {Path(path).name: text for path, text in rendered.items()}


def chart_objects(values: Values, release: str = "sso-batch") -> list[Object]:
    """Return the objects of a release."""
    texts = (text for name, text in files(values, release).items() if name.endswith(".yaml"))
    return [item for text in texts for item in yaml.safe_load_all(text) if item]


if __name__ == "__main__":
    sys.stdout.write(yaml.safe_dump_all(chart_objects(example(sys.argv[1])), sort_keys=False))
