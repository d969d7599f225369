"""The end of a run: signals in each of its phases, files that changed, and what the run itself lacks."""

import errno
import json
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sso_batch.commands import run as run_command
from sso_batch.demo import Emulator, World
from sso_batch.review.reviewing import Reviewer
from sso_batch.runner import ending
from sso_batch.store import Draft, Folder
from tests.end_to_end.command import Command
from tests.end_to_end.nightly import Nightly, asked, resumed
from tests.end_to_end.reports import Reports
from tests.end_to_end.worlds import small

NAMES = ("org-0", "org-1")
SETTINGS = (
    "review: {compare: previous}\n"
    "notify: {sns_topic_arn: 'arn:aws:sns:eu-west-1:123456789012:audits'}\n"
    "run: {max_parallel_organizations: 1}\n"
)
FORMATS = ("--format", "csv", "--format", "html", "--format", "xlsx")

# Sends a signal to its own process at one moment of the end of a run, and goes on for a while.
SIGNALLED = """
import asyncio, os, sys, time
from fnmatch import fnmatch
from sso_batch.runner import closing, ending, notification, reviewing
from sso_batch.store import Draft
number, moment = int(sys.argv.pop(1)), sys.argv.pop(1)
def send(now):
    global number
    if fnmatch(now, moment) and number:
        os.kill(os.getpid(), number)
        number = 0
        time.sleep(0.2)
def signalling(owner, name, now):
    work = getattr(owner, name)
    def replaced(*arguments, **named):
        send(now)
        return work(*arguments, **named)
    setattr(owner, name, replaced)
signalling(closing.Closing, "close", "close")
signalling(reviewing.RunReview, "look", "review")
signalling(closing, "write_for_people", "for people")
signalling(ending, "write_document", "manifest")
signalling(ending, "notice", "notice")
prepare = Draft.__init__
def prepare_and_send(draft, name, directory):
    prepare(draft, name, directory)
    send(name)
Draft.__init__ = prepare_and_send
from sso_batch.cli import main
main()
"""

BEFORE_THE_MANIFEST = (
    "close",
    "review",
    "aws_sso_access_report_2*[0-9].csv",
    "*_findings.csv",
    "*_changes.csv",
    "for people",
    "*.html",
    "*.xlsx",
)
AT_THE_MANIFEST = ("manifest", "*_manifest.json", "notice")


@pytest.fixture
def world() -> World:
    return small(len(NAMES))


def assert_verified(sso_batch: Command, nightly: Nightly) -> None:
    """`verify` finds every file of the manifest, and no other."""
    (manifest,) = nightly.folder.glob("*_manifest.json")
    ended = sso_batch("verify", manifest)
    assert ended.code == 0, ended.stdout


# Signals


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda one: one.name)
@pytest.mark.parametrize("moment", BEFORE_THE_MANIFEST)
def test_signal_before_the_manifest(
    nightly: Nightly, emulator: Emulator, sso_batch: Command, moment: str, number: signal.Signals
) -> None:
    """The manifest says that the run was interrupted, and a resume writes what is missing without a call."""
    nightly.configure(emulator, settings=SETTINGS)
    started = nightly.start(*FORMATS, python=("-c", SIGNALLED, str(int(number)), moment))

    first = nightly.reports(nightly.finish(started))

    assert first.ended.code == first.manifest["exit_code"] == 128 + number
    assert first.manifest["status"] == "interrupted"
    assert first.statuses == dict.fromkeys(NAMES, "complete")
    assert "Traceback" not in first.ended.stderr
    assert first.ended.events[-1]["event"] == "run.completed"
    first.assert_sums()
    assert_verified(sso_batch, nightly)

    again = nightly.run("--resume", *FORMATS)

    assert (again.ended.code, asked(again)) == (0, set())
    assert (again.manifest["status"], again.manifest["exit_code"]) == ("complete", 0)
    assert {Path(one["name"]).suffix for one in again.manifest["files"]} == {".csv", ".html", ".xlsx"}
    assert again.content() == nightly.merged()
    again.assert_sums()
    assert_verified(sso_batch, nightly)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda one: one.name)
@pytest.mark.parametrize("moment", AT_THE_MANIFEST)
def test_signal_at_the_manifest_or_the_notice(
    nightly: Nightly, emulator: Emulator, sso_batch: Command, moment: str, number: signal.Signals
) -> None:
    """All is written by then: the exit code is the one that the manifest states, without a traceback."""
    nightly.configure(emulator, settings=SETTINGS)
    started = nightly.start(*FORMATS, python=("-c", SIGNALLED, str(int(number)), moment))

    first = nightly.reports(nightly.finish(started))

    assert "Traceback" not in first.ended.stderr
    assert first.ended.code == first.manifest["exit_code"] == 0
    assert first.manifest["status"] == "complete"
    (told,) = first.ended.named("notify.failed")
    assert (told["code"] == "Interrupted") == (moment == "notice")
    assert first.ended.events[-1]["event"] == "run.completed"
    assert first.content() == nightly.merged()
    first.assert_sums()
    assert_verified(sso_batch, nightly)
