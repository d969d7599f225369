"""The README is short and shows what the demo prints."""

import re
import subprocess
import sys
from pathlib import Path

from tests.documents.text import ROOT, marked

_ELISION = "…"


def timeless(text: str) -> list[str]:
    """Return the lines without what differs from run to run: times and the emulator's port."""
    same = re.sub(r":\d{4,5}\b", ":PORT", re.sub(r"\d{8}[-_]\d{6}", "TS", text))
    return [line.rstrip() for line in same.splitlines()]


def demo(folder: Path) -> str:
    """Return what the demo prints on a terminal of 80 columns."""
    done = subprocess.run(
        [sys.executable, "-m", "sso_batch", "--quiet", "demo"],
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
        env={"PATH": "", "COLUMNS": "80", "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
    )
    return done.stdout


def test_demo(tmp_path: Path) -> None:
    """The README shows the demo's output; a line with an ellipsis stands for lines left out."""
    shown = timeless(marked("README.md", "demo"))[1:-1]  # between the fences

    printed = iter(timeless(demo(tmp_path)))

    assert len(shown) > 10
    missing = [line for line in shown if line.strip() != _ELISION and line not in printed]
    assert missing == []


def test_length() -> None:
    """The README can be read in one go."""
    assert 100 <= len((ROOT / "README.md").read_text().splitlines()) <= 150
