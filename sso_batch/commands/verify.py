"""`sso-batch verify`: a run's files against its manifest."""

import click

from sso_batch.commands.storage import open_manifest
from sso_batch.errors import UsageError
from sso_batch.exit_codes import ExitCode
from sso_batch.run_files.manifest import Manifest, ManifestError, read_manifest
from sso_batch.run_files.verification import FileState, verify
from sso_batch.store import PlaceError, Store, trouble


def verify_command(location: str) -> int:
    """Print what is missing, changed or extra; raises UsageError where there is no manifest."""
    try:
        store, name = open_manifest(location)
    except OSError as error:
        raise _unreadable(location, error) from error
    manifest = _manifest(store, name, location)
    click.echo(f"run {_shown(manifest.run_id)} of {_shown(manifest.ts)}, {manifest.status.value}")
    found = []
    try:
        for one in verify(store, manifest):
            found.append(one.state)
            reason = f"  ({_shown(one.reason)})" if one.reason else ""
            click.echo(f"{one.state:<10}  {_shown(one.name)}{reason}")
    except OSError as error:
        raise _unreadable(store.name, error) from error
    wrong = len(found) - found.count(FileState.AS_WRITTEN)
    click.echo(f"{found.count(FileState.AS_WRITTEN)} as written, {wrong} not")
    return ExitCode.NOT_VERIFIED if wrong else ExitCode.OK


def _manifest(store: Store, name: str, location: str) -> Manifest:
    try:
        return read_manifest(b"".join(store.read(name)))
    except OSError as error:
        raise _unreadable(location, error) from error
    except ManifestError as error:
        raise UsageError(
            f"{_shown(location)}: {_shown(error.message)}",
            hint="name a run's file whose name ends with _manifest.json",
        ) from error


def _unreadable(location: str, error: OSError) -> UsageError:
    hint = error.hint if isinstance(error, PlaceError) else ""
    return UsageError(f"{_shown(location)} cannot be read: {trouble(error).message}", hint=hint)


def _shown(text: str) -> str:
    """Text that moves nothing on a terminal."""
    return text if text.isascii() and text.isprintable() else ascii(text)[1:-1]
