"""Reading the run that a command line names: by its folder, its manifest, or an S3 location."""

from pathlib import Path

from sso_batch.commands.storage import open_run_folder, output_named
from sso_batch.errors import UsageError
from sso_batch.run_files.file_names import MANIFEST
from sso_batch.run_files.manifest import ManifestError
from sso_batch.run_files.stored_runs import StoredRun, load_manifest
from sso_batch.store import StorageError, Store, explain_error

_WHAT_TO_PASS = f"pass the folder of a finished run, which contains {MANIFEST}, or a manifest"


def read_run(location: str) -> StoredRun:
    """Return the run at a location; raise UsageError if it cannot be read."""
    return read_run_in(*_open_manifest(location))


def read_run_in(store: Store, name: str = MANIFEST) -> StoredRun:
    """Return the run in a store with a manifest of that name; raise UsageError if it cannot be read."""
    try:
        return StoredRun(store, load_manifest(store, name))
    except FileNotFoundError:
        raise UsageError(f"{store.name} does not contain {name}", hint=_WHAT_TO_PASS) from None
    except OSError as error:
        raise unreadable(f"{store.name}/{name}", error) from error
    except ManifestError as error:
        raise UsageError(f"{store.name}/{name}: {error.message}", hint=_WHAT_TO_PASS) from error


def unreadable(location: str, error: OSError) -> UsageError:
    """Return the error for a location that cannot be read; other hints are about writing."""
    hint = error.hint if isinstance(error, StorageError) else ""
    return UsageError(f"{location} cannot be read: {explain_error(error).message}", hint=hint)


def _open_manifest(location: str) -> tuple[Store, str]:
    """Return the store of the run at a location, and the name of the manifest in it."""
    output_named(location)  # as a whole, because its parts could look like folders
    folder, slash, name = location.rpartition("/")
    is_file = not location.startswith("s3://") and Path(location).is_file()
    if is_file or location.endswith(".json"):
        return open_run_folder(folder or slash or "."), name
    return open_run_folder(location), MANIFEST
