"""The line of shell that the pods of a sharded job run: which of them does what."""

import subprocess
from pathlib import Path

import pytest

from tests.deployment.manifests import container


@pytest.mark.parametrize(
    ("index", "told"), [("0", "run --resume"), ("2", "run --resume"), ("3", "merge --wait 2h")]
)
def test_which_command(tmp_path: Path, index: str, told: str) -> None:
    """All but the last pod audit; the last one merges."""
    program = tmp_path / "sso-batch"
    program.write_text('#!/bin/sh\necho "$@"\n')
    program.chmod(0o755)
    spec = container("sharded")
    variables = {variable["name"]: variable["value"] for variable in spec["env"] if "value" in variable}

    done = subprocess.run(  # noqa: S603 - the manifest's own
        ["/bin/sh", *spec["command"][1:]],
        env=variables | {"JOB_COMPLETION_INDEX": index, "PATH": str(tmp_path)},
        check=True,
        capture_output=True,
        text=True,
    )

    assert spec["command"][0] == "sh"
    assert done.stdout.strip() == told
