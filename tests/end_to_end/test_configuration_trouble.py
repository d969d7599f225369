"""A configuration that cannot be obeyed: exit code 2, file, line and what to write, and no call."""

from pathlib import Path

import pytest

from sso_batch.emulator import Emulator, Limits
from tests.end_to_end.command import Command, Ended
from tests.end_to_end.worlds import small

RIGHT = """\
version: 1
output:
  directory: {folder}
organizations:
  - name: org-0
    profile: one
    region: eu-west-1
"""

BROKEN = {
    "broken YAML": ("version: 1\norganizations: [\n", 2, ("invalid YAML",)),
    "an unknown key": (RIGHT + "    regoin: eu-west-1\n", 8, ("organizations[0].regoin", "region")),
    "a duplicate key": (RIGHT + "    region: us-east-1\n", 8, ("region", "line 7")),
    "a duplicate name": (
        RIGHT + "  - name: org-0\n    region: eu-west-1\n",
        8,
        ("organizations[1].name", "line 5"),
    ),
    "an unset variable": (RIGHT + "    tags: {{tier: '${{TIER}}'}}\n", 8, ("TIER", "${TIER:-")),
    "an account number without quotes": (
        RIGHT + "    tags: {{account: 012345678901}}\n",
        8,
        ("tags.account", "quotes"),
    ),
}


class Asked:
    """An AWS that nobody may ask."""

    def __init__(self, sso_batch: Command, monkeypatch: pytest.MonkeyPatch) -> None:
        self._sso_batch = sso_batch
        self._monkeypatch = monkeypatch

    def __call__(self, *arguments: object) -> Ended:
        """Run; no call may be made, and nothing but words may come of it."""
        with Emulator(small(), limits=Limits.off()) as emulator:
            for name, value in emulator.environment().items():
                self._monkeypatch.setenv(name, value)
            ended = self._sso_batch(*arguments)
            assert not emulator.calls
        assert ended.stdout == ""
        return ended


@pytest.fixture
def run(sso_batch: Command, monkeypatch: pytest.MonkeyPatch) -> Asked:
    return Asked(sso_batch, monkeypatch)


@pytest.mark.parametrize(("text", "line", "words"), BROKEN.values(), ids=BROKEN.keys())
def test_a_wrong_file_is_told_by_line(
    run: Asked, tmp_path: Path, text: str, line: int, words: tuple[str, ...]
) -> None:
    """Each mistake ends the run with 2, the file, the line, and what to write; no call, no file."""
    file = tmp_path / "orgs.yaml"
    file.write_text(text.format(folder=tmp_path / "reports") if "{folder}" in text else text)

    ended = run("run", "-c", file)

    assert ended.code == 2
    (told,) = ended.stderr.splitlines()
    assert told.startswith(f"{file}:{line}: ")
    assert [word for word in words if word not in told] == []
    assert not (tmp_path / "reports").exists()


def test_a_missing_file_is_told(run: Asked, tmp_path: Path) -> None:
    """A configuration that is not there ends the run with 2."""
    ended = run("run", "-c", tmp_path / "nowhere.yaml")

    assert ended.code == 2
    assert f"{tmp_path}/nowhere.yaml" in ended.stderr
    assert "no such file" in ended.stderr


def test_every_mistake_of_a_file_is_told_at_once(run: Asked, tmp_path: Path) -> None:
    """Several mistakes are told together, in the order of the file."""
    file = tmp_path / "orgs.yaml"
    file.write_text("version: 2\nrun: {deadline: soon}\norganizations:\n  - name: Org 0\n    colour: red\n")

    ended = run("run", "-c", file)

    assert ended.code == 2
    lines = [told.split(":")[1:3] for told in ended.stderr.splitlines()]
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
        (("--only", "org-0", "--exclude", "org-0"), "no organization"),
        (("--run-id", "Not/A/Name"), "--run-id Not/A/Name"),
        (("--format", "pdf"), "pdf"),
    ],
)
def test_an_option_that_cannot_be_obeyed(
    run: Asked, tmp_path: Path, options: tuple[str, ...], word: str
) -> None:
    """An option that matches nothing, or names no file: 2, and no call."""
    file = tmp_path / "orgs.yaml"
    file.write_text(RIGHT.format(folder=tmp_path / "reports"))

    ended = run("run", "-c", file, *options)

    assert ended.code == 2
    assert word in ended.stderr
    assert not (tmp_path / "reports").exists()


def test_a_folder_below_a_file_cannot_be_written(run: Asked, tmp_path: Path) -> None:
    """An output folder that cannot be made is found before the first call."""
    file = tmp_path / "orgs.yaml"
    file.write_text(RIGHT.format(folder=file / "reports"))

    ended = run("run", "-c", file)

    assert ended.code == 2
    assert f"cannot write to the output folder {file}/reports" in ended.stderr
    assert "--output" in ended.stderr


def test_a_read_only_folder_cannot_be_written(run: Asked, tmp_path: Path) -> None:
    """A folder in which no file can be made is found before the first call, whoever runs."""
    file = tmp_path / "orgs.yaml"
    file.write_text(RIGHT.format(folder="/proc/self"))

    ended = run("run", "-c", file)

    assert ended.code == 2
    assert "cannot write to the output folder /proc/self" in ended.stderr


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
def test_a_place_that_is_none(
    sso_batch: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, command: str
) -> None:
    """No command takes for a folder what only looks like a place; each says what to write."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    file = tmp_path / "orgs.yaml"
    file.write_text(RIGHT.format(folder="reports" if "--output" in command else f"'{place}'"))
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
