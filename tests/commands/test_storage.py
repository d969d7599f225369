"""The place for files that a configuration or a command line names."""

from pathlib import Path

import pytest

from sso_batch.commands.run import RunOptions, with_options
from sso_batch.commands.storage import open_file, open_place, open_store
from sso_batch.config import Config, Output
from sso_batch.errors import OutputError, UsageError
from sso_batch.store import Folder
from tests.support.command import isolate

CONFIG = Config.model_validate({"organizations": ({"name": "acme"},)})


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    isolate(monkeypatch, tmp_path)


@pytest.mark.parametrize("location", ["s3://Bucket/x", "s3://", "S3://bucket/x", "gs://bucket", "", "a\x1b"])
def test_no_place(location: str) -> None:
    """What is neither a folder nor a prefix is refused, wherever it stands."""
    with pytest.raises(UsageError, match="is no place for files"):
        open_place(location)
    with pytest.raises(UsageError, match="is no place for files") as caught:
        with_options(CONFIG, RunOptions(output=location))

    assert caught.value.hint.startswith("write ")


NO_FILES = [
    "arn:aws:s3:::bucket/m.json",
    "arn:aws:s3:eu-west-1:111122223333:accesspoint/name/m.json",
    "s3:bucket/m.json",
    "s3:m.json",
    "s3//bucket/m.json",
    "S3://bucket/m.json",
    "https://bucket.s3.amazonaws.com/m.json",
    "$HOME/m.json",
    "gs:m.json",
]


@pytest.mark.parametrize("location", NO_FILES)
def test_no_file(location: str) -> None:
    """What looks like a URL, an ARN or a variable is not taken for the path of a file."""
    with pytest.raises(UsageError, match="is no place for files"):
        open_file(location)


@pytest.mark.parametrize("name", ["~", "~/reports", "~/a/b"])
def test_home(tmp_path: Path, name: str) -> None:
    """In a folder's path `~` is the home folder."""
    expected = str(tmp_path / name.removeprefix("~").removeprefix("/"))

    assert open_place(name).name == expected
    assert open_file(f"{name}/m.json")[0].name == expected
    assert open_store(with_options(CONFIG, RunOptions(output=name)).output).name == expected


def test_home_of_nobody() -> None:
    """A home folder that nobody has is no folder of that name."""
    with pytest.raises(OutputError) as caught:
        open_place("~nobody-of-this-name/reports")

    assert caught.value.message == "the home folder in ~nobody-of-this-name/reports is not known"
    assert "HOME" in caught.value.hint


def test_no_folder_for_drafts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without any folder to make files in is told which variable names one."""

    def nowhere() -> str:
        raise FileNotFoundError

    monkeypatch.setattr("tempfile.gettempdir", nowhere)

    with pytest.raises(OutputError) as caught:
        open_place("s3://bucket/prefix")

    assert "TMPDIR" in caught.value.hint


@pytest.mark.parametrize(
    ("keys", "message", "hint"),
    [
        (
            {"profile": "nobody"},
            "The config profile (nobody) could not be found",
            "aws configure list-profiles",
        ),
        ({"profile": "mfa"}, "the profile mfa asks for an MFA code", "without mfa_serial"),
    ],
)
def test_writer_that_cannot_be(tmp_path: Path, keys: dict[str, str], message: str, hint: str) -> None:
    """A writer's profile that could not work is found when the place is opened."""
    (tmp_path / "aws-config").write_text(
        "[profile mfa]\nrole_arn = arn:aws:iam::111122223333:role/W\nmfa_serial = arn\nsource_profile = x\n"
    )

    with pytest.raises(OutputError) as caught:
        open_store(Output.model_validate({"directory": "s3://bucket/prefix", **keys}))

    assert caught.value.message.startswith(f"cannot write to the output place s3://bucket/prefix: {message}")
    assert hint in caught.value.hint


def test_places(tmp_path: Path) -> None:
    """A path is a folder, a URL a prefix of a bucket; a file's place is what stands before its name."""
    assert isinstance(open_place(str(tmp_path)), Folder)
    assert open_place("s3://bucket/a/b/").name == "s3://bucket/a/b"
    found = [open_file(one) for one in (f"{tmp_path}/m.json", "m.json", "/m.json", "s3://bucket/a/m.json")]
    assert [(place.name, name) for place, name in found] == [
        (str(tmp_path), "m.json"),
        (".", "m.json"),
        ("/", "m.json"),
        ("s3://bucket/a", "m.json"),
    ]
