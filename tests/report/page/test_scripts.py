"""The page's modules, tested one by one with deno: `tests/browser/scripts/*.test.js`."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "browser" / "scripts"
DENO = Path(sys.executable).parent / "deno"


@pytest.mark.skipif(not DENO.exists(), reason="deno is missing: run make test, which installs it")
@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.test.js")), ids=lambda file: file.name)
def test_script(file: Path) -> None:
    """All tests of one file pass, without any permission."""
    command = [str(DENO), "test", "--no-config", "--no-remote", "--no-prompt", "--quiet", str(file)]
    environment = os.environ | {"NO_COLOR": "1"}
    result = subprocess.run(  # noqa: S603 - ours
        command, capture_output=True, text=True, check=False, env=environment, timeout=120
    )

    assert result.returncode == 0, result.stdout + result.stderr
    assert re.search(r"\b[1-9]\d* passed", result.stdout)
