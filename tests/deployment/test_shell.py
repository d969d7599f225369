"""Tests of the shell command of the pods of a sharded job."""

import subprocess
from pathlib import Path

import pytest

from tests.deployment.manifests import container


@pytest.mark.parametrize(
    ("index", "arguments"), [("0", "run --resume"), ("2", "run --resume"), ("3", "merge --wait 2h")]
)
def test_which_command(tmp_path: Path, index: str, arguments: str) -> None:
    """The last pod merges, all others audit."""
    program = tmp_path / "sso-batch"
    program.write_text('#!/bin/sh\necho "$@"\n')
    program.chmod(0o755)
    spec = container("sharded")
    variables = {variable["name"]: variable["value"] for variable in spec["env"] if "value" in variable}

    done = subprocess.run(  # noqa: S603 - the command of the manifest
        ["/bin/sh", *spec["command"][1:]],
        env=variables | {"JOB_COMPLETION_INDEX": index, "PATH": str(tmp_path)},
        check=True,
        capture_output=True,
        text=True,
    )

    assert spec["command"][0] == "sh"
    assert done.stdout.strip() == arguments
