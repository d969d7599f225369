"""Tests of the emulator as a process: it prints its URL, writes its files, and stops on a signal."""

import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

import pytest
import yaml

from sso_batch.emulator.__main__ import main


def start(*arguments: str) -> tuple[subprocess.Popen[str], str]:
    """Start the process and return it with the URL that it prints."""
    command = [sys.executable, "-m", "sso_batch.emulator", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # noqa: S603 - a fixed command
    assert process.stdout
    return process, process.stdout.readline().strip()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_and_stops_cleanly(number: signal.Signals, tmp_path: Path) -> None:
    """The files exist when the URL is printed, and a signal stops the process within a second."""
    process, url = start("--write-config", str(tmp_path / "made"), "--with-failure", "--latency", "1")
    with process:
        with urlopen(f"{url}/health") as answer:  # noqa: S310 - loopback
            assert answer.status == 200
        signalled = time.monotonic()
        process.send_signal(number)
        _, errors = process.communicate(timeout=5)

    assert (process.returncode, errors) == (0, "")
    assert time.monotonic() - signalled < 1
    written = yaml.safe_load((tmp_path / "made" / "orgs.yaml").read_text())
    assert [organization["name"] for organization in written["organizations"]][-2:] == [
        "kestrel-health",
        "vesper-media",
    ]
    assert f"AWS_ENDPOINT_URL={url}\n" in (tmp_path / "made" / "aws.env").read_text()


def test_it_serves_worlds_of_any_size() -> None:
    """Size options select a generated world."""
    process, url = start("--organizations", "2", "--users", "5", "--seed", "3", "--no-limits")
    with process:
        process.terminate()

    assert url.startswith("http://")
    assert process.returncode == 0


def test_an_unavailable_address_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    """The process prints one line and returns exit code 1, without a traceback."""
    assert main(["--host", "203.0.113.1"]) == 1
    assert capsys.readouterr().err.startswith("cannot start the emulator: ")
