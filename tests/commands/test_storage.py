"""Tests of opening the folder or S3 location of a configuration or command line."""

from pathlib import Path

import pytest

from sso_batch.commands.run import RunOptions, with_options
from sso_batch.commands.run_location import read_run
from sso_batch.commands.storage import open_place, open_run_folder
from sso_batch.config import Config, Output
from sso_batch.errors import OutputError, UsageError
from sso_batch.store import Folder
from tests.support.command import isolate

CONFIG = Config.model_validate({"organizations": ({"name": "acme"},)})


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    isolate(monkeypatch, tmp_path)


@pytest.mark.parametrize("location", ["s3://Bucket/x", "s3://", "S3://bucket/x", "gs://bucket", "", "a\x1b"])
def test_invalid_location(location: str) -> None:
    """A value that is neither a folder nor an S3 location is refused, in every option."""
    with pytest.raises(UsageError, match="is not a folder or S3 location"):
        read_run(location)
    with pytest.raises(UsageError, match="is not a folder or S3 location") as caught:
        with_options(CONFIG, RunOptions(output=location))

    assert caught.value.hint


NOT_FILES = [
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


@pytest.mark.parametrize("location", NOT_FILES)
def test_invalid_file(location: str) -> None:
    """A value that looks like a URL, an ARN or a variable is not used as the path of a file."""
    with pytest.raises(UsageError, match="is not a folder or S3 location"):
        read_run(location)


@pytest.mark.parametrize("name", ["~", "~/reports", "~/a/b"])
def test_home(tmp_path: Path, name: str) -> None:
    """`~` in the path of a folder is the home folder."""
    expected = str(tmp_path / name.removeprefix("~").removeprefix("/"))

    assert open_run_folder(name).name == expected
    assert open_place(with_options(CONFIG, RunOptions(output=name)).output).name == expected


def test_unknown_home() -> None:
    """The home folder of an unknown user is an error."""
    with pytest.raises(OutputError) as caught:
        open_run_folder("~nobody-of-this-name/reports")

    assert caught.value.message == "unknown home folder in ~nobody-of-this-name/reports"
    assert "HOME" in caught.value.hint


def test_no_temporary_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a folder for temporary files, the error names the variable that sets one."""

    def nowhere() -> str:
        raise FileNotFoundError

    monkeypatch.setattr("tempfile.gettempdir", nowhere)

    with pytest.raises(OutputError) as caught:
        open_run_folder("s3://bucket/prefix")

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
def test_unusable_profile(tmp_path: Path, keys: dict[str, str], message: str, hint: str) -> None:
    """An unusable profile is found when the location is opened."""
    (tmp_path / "aws-config").write_text(
        "[profile mfa]\nrole_arn = arn:aws:iam::111122223333:role/W\nmfa_serial = arn\nsource_profile = x\n"
    )

    with pytest.raises(OutputError) as caught:
        open_place(Output.model_validate({"directory": "s3://bucket/prefix", **keys}))

    assert caught.value.message.startswith(f"cannot write to the output place s3://bucket/prefix: {message}")
    assert hint in caught.value.hint


def test_locations(tmp_path: Path) -> None:
    """A path is a folder, and an s3:// URL a prefix; a run is in a folder of its own in it."""
    assert isinstance(open_run_folder(str(tmp_path)), Folder)
    assert open_run_folder("s3://bucket/a/b/").name == "s3://bucket/a/b"
    for directory in (str(tmp_path), "s3://bucket/a", "s3://bucket"):
        place = open_place(Output.model_validate({"directory": directory}))
        assert (place.name, place.run("nightly").name) == (directory, f"{directory}/nightly")


@pytest.mark.parametrize(
    ("location", "message"),
    [
        ("{}/m.json", "{} does not contain m.json"),
        ("m.json", ". does not contain m.json"),
        ("/m.json", "/ does not contain m.json"),
        ("{}", "{} does not contain manifest.json"),
        ("{}/", "{} does not contain manifest.json"),
    ],
)
def test_missing_manifest(tmp_path: Path, location: str, message: str) -> None:
    """A location is the folder of a run, or a manifest where it ends with .json."""
    with pytest.raises(UsageError) as caught:
        read_run(location.format(tmp_path))

    assert caught.value.message == message.format(tmp_path)
