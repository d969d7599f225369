"""The README says what the program says."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parent.parent
_README = _ROOT / "README.md"


def _run(*arguments: str, cwd: Path = _ROOT) -> str:
    """What `sso-batch` prints on a terminal of 100 columns, without trailing blanks."""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "sso_batch", *arguments],
        capture_output=True,
        text=True,
        check=True,
        cwd=cwd,
        env={"PATH": "", "COLUMNS": "100", "PYTHONPATH": str(_ROOT), "PYTHONUTF8": "1"},
    )
    return "".join(f"{line.rstrip()}\n" for line in done.stdout.splitlines())


def _shown(name: str) -> str:
    """The text block that stands between `<!-- name -->` and `<!-- /name -->`."""
    block = rf"<!-- {name} -->\n```text\n(.*?)```\n<!-- /{name} -->"
    found = re.search(block, _README.read_text(), re.DOTALL)
    assert found, f"README.md has no block {name}"
    return found[1]


def _timeless(text: str) -> str:
    """The text without what differs from run to run: times and the emulator's port."""
    return re.sub(r":\d{4,5}\b", ":PORT", re.sub(r"\d{8}[-_]\d{6}", "TS", text))


@pytest.mark.parametrize("command", ["", "run"])
def test_help(command: str) -> None:
    """The help texts in the README are the program's own."""
    words = command.split()

    text = _run(*words, "--help")

    assert _shown(" ".join(["help", *words])) == text


def test_demo(tmp_path: Path) -> None:
    """The README shows what the demo prints."""
    text = _run("--quiet", "demo", cwd=tmp_path)

    assert _timeless(_shown("demo")) == _timeless(text)
