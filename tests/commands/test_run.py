"""Tests of `sso-batch run`: options, environment variables and the file, and their precedence."""

import errno
import os
import sys
from pathlib import Path

import pytest

from sso_batch.emulator import World
from sso_batch.store import Draft
from tests.support.audits import Audit
from tests.support.command import Command
from tests.support.expected_reports import assert_exact
from tests.support.reports import files_in
from tests.support.sample_worlds import small

TAGS = {"org-0": "tier: prod, team: a", "org-1": "tier: prod", "org-2": "tier: test"}


@pytest.fixture
def world() -> World:
    return small(3)


def tagged(text: str) -> str:
    """Return the configuration with the tags of each organization."""
    for name, tags in TAGS.items():
        text = text.replace(f"- name: {name}\n", f"- name: {name}\n    tags: {{{tags}}}\n")
    return text


@pytest.mark.parametrize(
    ("options", "environ", "audited"),
    [
        (("--only", "org-1"), {}, ["org-1"]),
        (("--only", "org-2", "--only", "org-0"), {}, ["org-0", "org-2"]),
        (("--only", "org-2,org-0"), {}, ["org-0", "org-2"]),
        (("--only", "org-2, tag:team=a", "--exclude", "org-1,tag:team=a"), {}, ["org-2"]),
        (("--only", "tag:tier=prod"), {}, ["org-0", "org-1"]),
        (("--only", "tag:team=a", "--only", "org-2"), {}, ["org-0", "org-2"]),
        (("--exclude", "org-1"), {}, ["org-0", "org-2"]),
        (("--exclude", "tag:tier=prod"), {}, ["org-2"]),
        (("--only", "tag:tier=prod", "--exclude", "org-0"), {}, ["org-1"]),
        ((), {"SSO_BATCH_ONLY": "org-0,org-2"}, ["org-0", "org-2"]),
        ((), {"SSO_BATCH_ONLY": "tag:tier=prod", "SSO_BATCH_EXCLUDE": "tag:team=a"}, ["org-1"]),
        ((), {"SSO_BATCH_EXCLUDE": "org-0,tag:tier=test"}, ["org-1"]),
        (("--only", "org-1"), {"SSO_BATCH_ONLY": "org-0,org-2"}, ["org-1"]),
    ],
    ids=str,
)
def test_selection(
    audit: Audit, world: World, options: tuple[str, ...], environ: dict[str, str], audited: list[str]
) -> None:
    """Names and tags select organizations; options override variables; the others are not called."""
    reports = audit(world, *options, environ=environ, config=tagged)

    not_selected = [name for name in TAGS if name not in audited]
    assert reports.ended.code == 0
    assert list(reports.statuses) == audited
    assert reports.manifest["not_selected"] == not_selected
    assert reports.names == reports.file_names(*audited)
    assert_exact(reports, world, *audited)
    assert {name for name, _ in reports.calls} - {""} == set(audited)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--only", "org-9"), ["--only org-9", "did you mean org-"]),
        (("--only", "org-0", "--only", "tag:tier=gold"), ["--only tag:tier=gold"]),
        (("--exclude", "tag:colour=red"), ["--exclude tag:colour=red"]),
        (("--exclude", "tag:tier"), ["--exclude tag:tier"]),
        (("--exclude", "tag:tier=prod", "--exclude", "org-2"), ["no organization"]),
    ],
)
def test_selection_that_matches_nothing(
    audit: Audit, world: World, options: tuple[str, ...], words: list[str]
) -> None:
    """A selection that matches nothing ends with exit code 2, without a call or a file."""
    reports = audit(world, *options, config=tagged)

    assert (reports.ended.code, reports.ended.stdout, reports.names) == (2, "", set())
    assert [word for word in words if word not in reports.ended.stderr] == []
    assert not reports.calls


@pytest.mark.parametrize(
    ("options", "environ", "place"),
    [
        ((), {}, "file"),
        ((), {"SSO_BATCH_OUTPUT": "{}/environment"}, "environment"),
        (("--output", "{}/flag"), {"SSO_BATCH_OUTPUT": "{}/environment"}, "flag"),
        (("-o", "{}/flag"), {}, "flag"),
    ],
    ids=["file", "environment over file", "option over environment", "option over file"],
)
def test_precedence_of_the_output_folder(
    audit: Audit, tmp_path: Path, options: tuple[str, ...], environ: dict[str, str], place: str
) -> None:
    """The output folder comes from the option, else the environment, else the file."""
    reports = audit(
        small(),
        *(option.format(tmp_path) for option in options),
        folder=tmp_path / place,
        config=lambda text: text.replace(str(tmp_path / place), str(tmp_path / "file")),
        environ={name: value.format(tmp_path) for name, value in environ.items()},
    )

    assert reports.ended.code == 0
    assert reports.names == reports.file_names("org-0", "org-1")
    places = {"file", "environment", "flag"}
    assert {path.name for path in tmp_path.iterdir()} & places == {place}


def test_run_id(audit: Audit, world: World) -> None:
    """--run-id is the name of the run's folder, and in the manifest and every event."""
    reports = audit(world, "--run-id", "friday.2026-11")

    assert reports.folder.name == "friday.2026-11"
    assert reports.manifest["run_id"] == "friday.2026-11"
    assert {event["run_id"] for event in reports.ended.events} == {"friday.2026-11"}


def test_default_run_id(audit: Audit) -> None:
    """Without --run-id, the run ID is the start of the run with a hyphen."""
    reports = audit(small())

    assert reports.manifest["run_id"] == reports.manifest["ts"].replace("_", "-")


def test_run_id_that_exists(audit: Audit) -> None:
    """A run ID that exists is refused before the first call, and the files of that run stay unchanged."""
    first = audit(small(), "--run-id", "friday")
    before = {name: path.read_bytes() for name, path in files_in(first.folder).items()}

    second = audit(small(), environ={"SSO_BATCH_RUN_ID": "friday"})

    assert second.ended.code == 2
    assert "the run friday already exists in this place" in second.ended.stderr
    assert "--run-id" in second.ended.stderr
    assert not second.calls
    assert {name: path.read_bytes() for name, path in files_in(first.folder).items()} == before


def test_two_runs_in_one_place(audit: Audit) -> None:
    """Two runs without an id have a folder each, and do not change each other's files."""
    first = audit(small())
    before = {name: path.read_bytes() for name, path in files_in(first.folder).items()}

    second = audit(small())

    assert second.ended.code == 0
    assert second.folder != first.folder
    assert second.names == second.file_names("org-0", "org-1")
    assert {name: path.read_bytes() for name, path in files_in(first.folder).items()} == before


def test_workbook_without_its_library(audit: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra, xlsx is refused before the first call, with the command that installs it."""
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)

    reports = audit(small(), environ={"SSO_BATCH_RUN_FORMAT": "csv,xlsx"})

    assert reports.ended.code == 2
    assert "pip install xlsxwriter" in reports.ended.stderr
    assert not reports.calls


@pytest.mark.parametrize("formats", [("csv", "html"), ("csv", "html", "xlsx"), ("html",), ("xlsx",)])
def test_formats(audit: Audit, formats: tuple[str, ...]) -> None:
    """Each requested format is written and listed in the manifest."""
    reports = audit(small(), "--format", ",".join(formats))

    assert reports.ended.code == 0
    written = {name for name in reports.names if reports.manifest["ts"] in name and "org-" not in name}
    assert written == {
        f"aws_sso_access_report_{reports.manifest['ts']}{ending}"
        for ending in (
            *(f".{extension}" for extension in formats),
            *(["_findings.csv"] if "csv" in formats else []),
        )
    }
    endings = [entry["name"].rpartition(".")[2] for entry in reports.manifest["files"]]
    assert sorted(set(endings)) == sorted(formats)
    reports.assert_sums()


def test_disk_full_for_the_page(audit: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the page cannot be written, the run is incomplete; the merged CSV is written and in the manifest."""
    write = Draft.write

    def full_for_the_page(draft: Draft, data: bytes) -> None:
        if draft.name.endswith(".html"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(draft, data)

    monkeypatch.setattr(Draft, "write", full_for_the_page)

    reports = audit(small(), "--format", "csv", "--format", "html")

    assert reports.ended.code == 4
    assert [entry["name"].rpartition(".")[2] for entry in reports.manifest["files"]] == ["csv", "csv"]
    merged = {entry["name"] for entry in reports.manifest["files"]}
    assert reports.names == reports.file_names("org-0", "org-1", merged=False) | merged
    reports.assert_sums()


def test_step_summary(audit: Audit, tmp_path: Path) -> None:
    """In GitHub Actions, a summary without names of people is appended to the page of the job."""
    file = tmp_path / "summary.md"
    file.write_text("before\n")

    reports = audit(small(), environ={"GITHUB_STEP_SUMMARY": str(file)})

    text = file.read_text()
    assert text.startswith("before\n## Access audit")
    assert "| org-0 | complete |" in text
    assert not [row for row in reports.rows() if row["UserEmail"] and row["UserEmail"] in text]


def test_unwritable_step_summary(audit: Audit, tmp_path: Path) -> None:
    """A step summary that cannot be written is only a warning."""
    reports = audit(small(), environ={"GITHUB_STEP_SUMMARY": str(tmp_path)})

    (event,) = reports.ended.named("run.step_summary_failed")
    assert (event["level"], event["message"]) == ("warning", "Is a directory")
    assert reports.ended.code == 0


def test_duplicate_format(audit: Audit) -> None:
    """--format csv given twice is the same as the default."""
    reports = audit(small(), "--format", "csv", "--format", "csv")

    assert reports.ended.code == 0
    assert reports.names == reports.file_names("org-0", "org-1")


def test_streams(audit: Audit) -> None:
    """In a pipe, stdout stays empty, and every line of stderr is an event in JSON."""
    reports = audit(small())

    assert reports.ended.stdout == ""
    for event in reports.ended.events:
        assert {"event", "level", "timestamp", "run_id"} <= event.keys()
        assert event["timestamp"].endswith("Z")
        assert ("org" in event) == event["event"].startswith(("org.", "collect."))


@pytest.mark.parametrize(
    ("before", "environ"),
    [(("--quiet",), {}), ((), {"SSO_BATCH_QUIET": "1"}), (("--log-level", "error"), {})],
)
def test_quiet(audit: Audit, before: tuple[str, ...], environ: dict[str, str]) -> None:
    """With --quiet, a complete run prints nothing."""
    reports = audit(small(), before=before, environ=environ)

    assert (reports.ended.code, reports.ended.stdout, reports.ended.stderr) == (0, "", "")


def test_quiet_failure(audit: Audit) -> None:
    """With --quiet, a failure is still logged: its cause, the organization and the run."""
    world = small()
    reports = audit(
        world,
        before=("--quiet",),
        config=lambda text: text.replace(f"role_arn: {world.roles[0].arn}", "profile: nobody"),
    )

    assert reports.ended.code == 4
    assert [event["event"] for event in reports.ended.events] == [
        "collect.gap",
        "org.failed",
        "run.completed",
    ]


def test_log_options_in_the_environment(audit: Audit) -> None:
    """SSO_BATCH_LOG_FORMAT and SSO_BATCH_LOG_LEVEL are used; an option takes precedence."""
    world = small()
    environ = {"SSO_BATCH_LOG_FORMAT": "console", "SSO_BATCH_LOG_LEVEL": "warning"}

    reports = audit(world, "--run-id", "one", environ=environ)

    (line,) = reports.ended.stderr.splitlines()
    assert "run.endpoint_overridden" in line
    assert "\x1b" not in line

    by_flag = audit(world, "--run-id", "two", environ=environ, before=("--log-format", "json"))

    assert [event["event"] for event in by_flag.ended.events] == ["run.endpoint_overridden"]


def test_endpoint_override(audit: Audit) -> None:
    """The log and the manifest name the services whose answers do not come from AWS."""
    reports = audit(small())

    services = ("identitystore", "organizations", "sso-admin", "sts")
    overrides = reports.manifest["endpoint_overrides"]
    assert [override.partition("=")[0] for override in overrides] == list(services)
    assert all(override.partition("=")[2].startswith("http://127.0.0.1:") for override in overrides)
    (event,) = reports.ended.named("run.endpoint_overridden")
    assert event["endpoints"] == overrides


def test_empty_variable(sso_batch: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty variable is like an unset one."""
    monkeypatch.setenv("SSO_BATCH_LOG_LEVEL", "")

    ended = sso_batch("schema")

    assert ended.code == 0
