"""Configuration errors: exit code 2, file, line and what to write, and no call."""

from pathlib import Path

import pytest

from sso_batch.emulator import Emulator, Limits
from tests.support.command import Command, CommandResult, set_environment
from tests.support.sample_worlds import small

VALID = """\
version: 1
output:
  directory: {folder}
organizations:
  - name: org-0
    profile: one
    region: eu-west-1
"""

INVALID = {
    "broken YAML": ("version: 1\norganizations: [\n", 2, ("invalid YAML",)),
    "an unknown key": (VALID + "    regoin: eu-west-1\n", 8, ("organizations[0].regoin", "region")),
    "a duplicate key": (VALID + "    region: us-east-1\n", 8, ("region", "line 7")),
    "a duplicate name": (
        VALID + "  - name: org-0\n    region: eu-west-1\n",
        8,
        ("organizations[1].name", "line 5"),
    ),
    "an unset variable": (VALID + "    tags: {{tier: '${{TIER}}'}}\n", 8, ("TIER", "${TIER:-")),
    "an account number without quotes": (
        VALID + "    tags: {{account: 012345678901}}\n",
        8,
        ("tags.account", "quotes"),
    ),
}


class WithoutCalls:
    """`sso-batch` beside an emulated AWS to which no call may be made."""

    def __init__(self, sso_batch: Command, monkeypatch: pytest.MonkeyPatch) -> None:
        self._sso_batch = sso_batch
        self._monkeypatch = monkeypatch

    def __call__(self, *arguments: object) -> CommandResult:
        """Run, and assert that no call is made and nothing is written to stdout."""
        with Emulator(small(), limits=Limits.off()) as emulator:
            set_environment(self._monkeypatch, emulator.environment())
            ended = self._sso_batch(*arguments)
            assert not emulator.calls
        assert ended.stdout == ""
        return ended


@pytest.fixture
def run(sso_batch: Command, monkeypatch: pytest.MonkeyPatch) -> WithoutCalls:
    return WithoutCalls(sso_batch, monkeypatch)


@pytest.mark.parametrize(("text", "line_number", "words"), INVALID.values(), ids=INVALID.keys())
def test_an_error_names_file_and_line(
    run: WithoutCalls, tmp_path: Path, text: str, line_number: int, words: tuple[str, ...]
) -> None:
    """Each error ends the run with 2 and one line that names the file, the line and what to write."""
    file = tmp_path / "orgs.yaml"
    file.write_text(text.format(folder=tmp_path / "reports") if "{folder}" in text else text)

    ended = run("run", "-c", file)

    assert ended.code == 2
    (line,) = ended.stderr.splitlines()
    assert line.startswith(f"{file}:{line_number}: ")
    assert [word for word in words if word not in line] == []
    assert not (tmp_path / "reports").exists()


def test_a_missing_file(run: WithoutCalls, tmp_path: Path) -> None:
    """A missing configuration file ends the run with 2 and its path."""
    ended = run("run", "-c", tmp_path / "nowhere.yaml")

    assert ended.code == 2
    assert f"{tmp_path}/nowhere.yaml" in ended.stderr


def test_all_errors_of_a_file_are_reported_at_once(run: WithoutCalls, tmp_path: Path) -> None:
    """All errors of a file are reported together, in the order of the file."""
    file = tmp_path / "orgs.yaml"
    file.write_text("version: 2\nrun: {deadline: soon}\norganizations:\n  - name: Org 0\n    colour: red\n")

    ended = run("run", "-c", file)

    assert ended.code == 2
    lines = [line.split(":")[1:3] for line in ended.stderr.splitlines()]
    assert lines == [
        ["1", " version"],
        ["2", " run.deadline"],
        ["4", " organizations[0].name"],
        ["5", " organizations[0].colour"],
    ]


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("--only", "nobody"), "--only nobody"),
        (("--exclude", "tag:tier=prod"), "--exclude tag:tier=prod"),
        (("--only", "org-0", "--exclude", "org-0"), "organization"),
        (("--run-id", "Not/A/Name"), "--run-id Not/A/Name"),
        (("--format", "pdf"), "pdf"),
    ],
)
def test_invalid_options(run: WithoutCalls, tmp_path: Path, options: tuple[str, ...], word: str) -> None:
    """An invalid option, or one that selects no organization, ends the run with 2 and no call."""
    file = tmp_path / "orgs.yaml"
    file.write_text(VALID.format(folder=tmp_path / "reports"))

    ended = run("run", "-c", file, *options)

    assert ended.code == 2
    assert word in ended.stderr
    assert not (tmp_path / "reports").exists()


def test_an_output_folder_below_a_file(run: WithoutCalls, tmp_path: Path) -> None:
    """An output folder that cannot be created is reported before the first call."""
    file = tmp_path / "orgs.yaml"
    file.write_text(VALID.format(folder=file / "reports"))

    ended = run("run", "-c", file)

    assert ended.code == 2
    assert f"{file}/reports" in ended.stderr
    assert "--output" in ended.stderr


def test_a_read_only_output_folder(run: WithoutCalls, tmp_path: Path) -> None:
    """A folder in which no file can be created is reported before the first call, even to root."""
    file = tmp_path / "orgs.yaml"
    file.write_text(VALID.format(folder="/proc/self"))

    ended = run("run", "-c", file)

    assert ended.code == 2
    assert "/proc/self" in ended.stderr


@pytest.mark.parametrize(
    "place",
    [
        "arn:aws:s3:::bucket/prefix",
        "arn:aws:s3:eu-west-1:111122223333:accesspoint/name",
        "s3:bucket/p",
        "s3//bucket",
        "S3://bucket/p",
        "https://bucket.s3.eu-west-1.amazonaws.com/p",
        "gs://bucket",
        "$HOME/x",
    ],
)
@pytest.mark.parametrize("command", ["validate", "check", "run", "run --output", "diff", "verify", "merge"])
def test_invalid_places(
    sso_batch: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, command: str
) -> None:
    """Every command refuses URLs that it does not support, and creates no folder of that name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    file = tmp_path / "orgs.yaml"
    file.write_text(VALID.format(folder="reports" if "--output" in command else f"'{place}'"))
    arguments = {
        "diff": ("diff", place, place),
        "verify": ("verify", f"{place}/m.json"),
        "merge": ("merge", "--config", file, "--run-id", "x"),
        "run --output": ("run", "--config", file, "--output", place),
    }.get(command, (command, "--config", file))

    before = set(tmp_path.rglob("*"))

    ended = sso_batch(*arguments)

    assert ended.code == 2
    assert "s3://bucket/prefix" in ended.stderr or "${NAME}" in ended.stderr
    assert set(tmp_path.rglob("*")) == before
