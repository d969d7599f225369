"""The files that the AWS SDK reads on this machine: its configuration, its credentials, a CA bundle.

The SDK treats a configuration file that it may not read like an empty one, and finds a CA bundle missing only
when it connects.
"""

import os
import ssl
from functools import lru_cache
from pathlib import Path

from botocore.session import Session

from sso_batch.errors import OrganizationError

_FILES = {"config_file": "AWS_CONFIG_FILE", "credentials_file": "AWS_SHARED_CREDENTIALS_FILE"}
"""The SDK's names of its settings files, with the variables that move them."""

_BUNDLE = "ca_bundle"
_VARIABLE, _OTHER_VARIABLE = "AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"


def refuse_unreadable(session: Session) -> None:
    """Raise OrganizationError where a configuration or credentials file is there and cannot be read."""
    for setting, variable in _FILES.items():
        path = Path(os.path.expandvars(session.get_config_variable(setting))).expanduser()
        try:
            path.open("rb").close()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise OrganizationError(
                f"cannot read {path}: {error.strerror}",
                code="UnreadableAwsFile",
                hint=f"let the user that runs sso-batch read the file and its folder, or set {variable}",
            ) from None


def refuse_bundle(session: Session) -> None:
    """Raise OrganizationError where the configured CA bundle cannot be used."""
    path, source = _bundle(session)
    if path is None:
        return
    try:
        found = Path(path).stat()
        _load(path, found.st_mtime_ns, found.st_size)
    except OSError as error:
        no_pem = isinstance(error, ssl.SSLError)
        problem = "the file holds no certificates in PEM form" if no_pem else error.strerror
        raise OrganizationError(
            f"cannot use the CA bundle {path!r} ({source}): {problem}",
            code="InvalidCaBundle",
            hint=f"set {source} to a readable file of CA certificates in PEM form, or remove the setting",
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
    """Load a bundle, once as long as it stays the same: that takes tens of milliseconds."""
    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
