"""The files that the AWS SDK reads on this machine, where they cannot be read."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import certifi
import pytest

from sso_batch.aws.connection import Connection
from sso_batch.aws.credential_source import CredentialSource
from sso_batch.errors import OrganizationError


@pytest.fixture(autouse=True)
def aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Hide this machine's AWS settings; return a folder for the SDK's files."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "REQUESTS_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return tmp_path


def connect(**keys: Any) -> Connection:  # noqa: ANN401 - fields of different types
    return Connection(CredentialSource(**keys), "eu-west-1")


def refused(**keys: Any) -> OrganizationError:  # noqa: ANN401 - likewise
    with pytest.raises(OrganizationError) as caught:
        connect(**keys)
    return caught.value


# Settings files


def deny(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    """Make a file unreadable, as another user's file is."""
    allowed = Path.open

    def opened(self: Path, *arguments: Any, **settings: Any) -> Any:  # noqa: ANN401 - as open
        if self == path:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return allowed(self, *arguments, **settings)

    monkeypatch.setattr(Path, "open", opened)


@pytest.mark.parametrize(
    ("file", "variable"), [("config", "AWS_CONFIG_FILE"), ("credentials", "AWS_SHARED_CREDENTIALS_FILE")]
)
@pytest.mark.parametrize("keys", [{"profile": "hub"}, {}], ids=["profile", "default"])
def test_unreadable_settings_file(
    monkeypatch: pytest.MonkeyPatch, aws: Path, keys: dict[str, str], file: str, variable: str
) -> None:
    """An unreadable file is named, instead of a missing profile or missing credentials."""
    deny(monkeypatch, aws / file)

    error = refused(**keys)

    assert (error.code, error.message) == (
        "UnreadableAwsFile",
        f"cannot read {aws / file}: Permission denied",
    )
    assert variable in error.hint


def test_folder_in_place_of_a_settings_file(aws: Path) -> None:
    """A folder in place of the file is named, too."""
    (aws / "credentials").mkdir()

    assert refused(profile="hub").message == f"cannot read {aws / 'credentials'}: Is a directory"


def test_unreadable_file_that_is_not_needed(monkeypatch: pytest.MonkeyPatch, aws: Path) -> None:
    """With credentials in the environment, no file must be readable."""
    deny(monkeypatch, aws / "config")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")

    connect()


@pytest.mark.parametrize("variable", ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"])
def test_empty_profile_variable(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """A variable that is set but empty is named."""
    monkeypatch.setenv(variable, "")

    assert refused().hint == f"{variable} is set but empty: unset it, or set it to the name of a profile"


def test_unknown_profile_in_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """If a variable names the unknown profile, the hint names the variable."""
    monkeypatch.setenv("AWS_PROFILE", "nobody")

    assert refused().hint.endswith("; AWS_PROFILE names it")
    assert "AWS_PROFILE" not in refused(profile="hub").hint


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("AWS_STS_REGIONAL_ENDPOINTS", "nowhere"),
        ("AWS_DEFAULTS_MODE", "odd"),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ipv5"),
    ],
)
def test_setting_in_the_environment(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    """The hint names the variable with the invalid value, not the configuration file."""
    monkeypatch.setenv(variable, value)

    assert refused().hint == f"fix {variable} in the environment, or remove it"


def test_setting_in_a_profile(monkeypatch: pytest.MonkeyPatch, aws: Path) -> None:
    """If no variable has the invalid value, the hint names both places."""
    monkeypatch.setenv("AWS_CLI_AUTO_PROMPT", "")
    (aws / "config").write_text("[profile hub]\ndefaults_mode = odd\n")

    assert refused(profile="hub").hint.startswith(
        "fix this setting in the environment (AWS_* variables) or in"
    )


def test_key_id_without_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """An access key id without a secret access key is reported as such."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up")

    error = refused()

    assert error.code == "PartialCredentialsError"
    assert error.hint.startswith("set both the access key id and the secret access key")


# CA bundles


def missing(path: Path) -> None:
    assert not path.exists()


def folder(path: Path) -> None:
    path.mkdir()


def no_pem(path: Path) -> None:
    path.write_text("not a certificate")


def empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (missing, "No such file or directory"),
        (folder, "Is a directory"),
        (no_pem, "the file contains no certificates in PEM form"),
        (empty, "the file contains no certificates in PEM form"),
    ],
)
@pytest.mark.parametrize("source", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "ca_bundle in the profile"])
def test_unusable_bundle(
    monkeypatch: pytest.MonkeyPatch, aws: Path, source: str, make: Callable[[Path], None], problem: str
) -> None:
    """A CA bundle is checked before any call; the error names the setting and the path."""
    bundle = aws / "ca.pem"
    make(bundle)
    profile = "[profile hub]\naws_access_key_id = made-up\naws_secret_access_key = made-up\n"
    if source.startswith("ca_bundle"):
        profile += f"ca_bundle = {bundle}\n"
    else:
        monkeypatch.setenv(source, str(bundle))
    (aws / "config").write_text(profile)

    error = refused(profile="hub")

    assert error.code == "InvalidCaBundle"
    assert error.message == f"cannot use the CA bundle {str(bundle)!r} ({source}): {problem}"
    assert source in error.hint


def test_empty_bundle_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that is set but empty is refused."""
    monkeypatch.setenv("AWS_CA_BUNDLE", "")

    assert refused().message.startswith("cannot use the CA bundle '' (AWS_CA_BUNDLE)")


def test_valid_bundle(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of certificates is accepted; AWS_CA_BUNDLE takes precedence over REQUESTS_CA_BUNDLE."""
    monkeypatch.setenv("AWS_CA_BUNDLE", certifi.where())
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nonexistent")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")

    connect()
