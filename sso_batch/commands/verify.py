"""`sso-batch verify`: compare the files of a run with its manifest."""

import click

from sso_batch.commands.storage import open_manifest
from sso_batch.errors import UsageError
from sso_batch.exit_codes import ExitCode
from sso_batch.run_files.manifest import Manifest, ManifestError, read_manifest
from sso_batch.run_files.verification import FileState, verify
from sso_batch.store import StorageError, Store, explain_error


def verify_command(location: str) -> int:
    """Print the result for each file and return the exit code; raise UsageError without a manifest."""
    try:
        store, name = open_manifest(location)
    except OSError as error:
        raise _unreadable(location, error) from error
    manifest = _manifest(store, name, location)
    click.echo(f"run {_shown(manifest.run_id)} of {_shown(manifest.ts)}, {manifest.status.value}")
    results = []
    try:
        for verified in verify(store, manifest):
            results.append(verified.state)
            reason = f"  ({_shown(verified.reason)})" if verified.reason else ""
            click.echo(f"{verified.state:<10}  {_shown(verified.name)}{reason}")
    except OSError as error:
        raise _unreadable(store.name, error) from error
    unchanged = results.count(FileState.AS_WRITTEN)
    different = len(results) - unchanged
    click.echo(f"{unchanged} unchanged, {different} different")
    return ExitCode.NOT_VERIFIED if different else ExitCode.OK


def _manifest(store: Store, name: str, location: str) -> Manifest:
    try:
        return read_manifest(b"".join(store.read(name)))
    except OSError as error:
        raise _unreadable(location, error) from error
    except ManifestError as error:
        raise UsageError(
            f"{_shown(location)}: {_shown(error.message)}",
            hint="pass the manifest of a run (…_manifest.json)",
        ) from error


def _unreadable(location: str, error: OSError) -> UsageError:
    hint = error.hint if isinstance(error, StorageError) else ""
    return UsageError(f"{_shown(location)} cannot be read: {explain_error(error).message}", hint=hint)


def _shown(text: str) -> str:
    """Return the text with everything escaped that a terminal could interpret."""
    return text if text.isascii() and text.isprintable() else ascii(text)[1:-1]
