"""The files that the AWS SDK reads on this machine: its configuration, its credentials, a CA bundle.

The SDK treats a configuration file that it may not read as an empty one, and notices a missing CA bundle only
when it connects.
"""

import os
import ssl
from functools import lru_cache
from pathlib import Path

from botocore.session import Session

from sso_batch.aws.error_codes import INVALID_CA_BUNDLE, UNREADABLE_AWS_FILE
from sso_batch.aws.hints import credential_hints
from sso_batch.errors import OrganizationError

_FILES = {"config_file": "AWS_CONFIG_FILE", "credentials_file": "AWS_SHARED_CREDENTIALS_FILE"}
"""The SDK's settings for its files, and the variables that set their paths."""

_BUNDLE = "ca_bundle"
_VARIABLE, _OTHER_VARIABLE = "AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"


def refuse_unreadable(session: Session) -> None:
    """Raise OrganizationError if a configuration or credentials file exists but cannot be read."""
    for setting, variable in _FILES.items():
        path = Path(os.path.expandvars(session.get_config_variable(setting))).expanduser()
        try:
            path.open("rb").close()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise OrganizationError(
                f"cannot read {path}: {error.strerror}",
                code=UNREADABLE_AWS_FILE,
                hint=credential_hints.on_unreadable_file(variable),
            ) from None


def refuse_bundle(session: Session) -> None:
    """Raise OrganizationError if the configured CA bundle cannot be used."""
    path, source = _bundle(session)
    if path is None:
        return
    try:
        found = Path(path).stat()
        _load(path, found.st_mtime_ns, found.st_size)
    except OSError as error:
        no_pem = isinstance(error, ssl.SSLError)
        problem = "the file contains no certificates in PEM form" if no_pem else error.strerror
        raise OrganizationError(
            f"cannot use the CA bundle {path!r} ({source}): {problem}",
            code=INVALID_CA_BUNDLE,
            hint=credential_hints.on_ca_bundle(source),
        ) from None


def _bundle(session: Session) -> tuple[str | None, str]:
    """Return the path of the CA bundle, and the setting that names it."""
    path: str | None = session.get_config_variable(_BUNDLE)
    if path is not None:
        in_profile = _VARIABLE not in os.environ
        return path, f"{_BUNDLE} in the profile" if in_profile else _VARIABLE
    return os.environ.get(_OTHER_VARIABLE), _OTHER_VARIABLE


@lru_cache(maxsize=64)
def _load(path: str, _modified: int, _size: int) -> None:
    """Load a bundle; cached while the file is unchanged, since that takes tens of milliseconds."""
    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
