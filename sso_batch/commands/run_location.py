"""Reading the runs that a command line names: by location, by id, or the newest of an output place."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from sso_batch.commands.config_source import read_config
from sso_batch.commands.storage import open_place, open_run_folder, output_named
from sso_batch.config import Config
from sso_batch.errors import UsageError
from sso_batch.run_files.file_names import MANIFEST
from sso_batch.run_files.manifest import ManifestError
from sso_batch.run_files.stored_runs import StoredRun, UnreadableRun, load_manifest, newest_first
from sso_batch.store import RUN_ID, Place, StorageError, Store, explain_error

_WHAT_TO_PASS = f"pass the folder of a finished run, which contains {MANIFEST}, or a manifest"
_OUTPUT = "pass the output place of the runs with --output or --config"


@dataclass(frozen=True, slots=True)
class RunFinder:
    """Finds runs by their location, and in the output place of a configuration or of the command line.

    A configuration that is given by its location is only read if a run is looked for in its output place.
    """

    environ: Mapping[str, str]
    config: Config | str | None
    output: str | None

    def named(self, name: str) -> StoredRun:
        """Return the run at a location or, where there is no such file or folder, with this id.

        Raises UsageError if it cannot be read or is a shard.
        """
        if not RUN_ID.fullmatch(name) or os.path.lexists(name):
            run = read_run(name)
        else:
            place = self._place()
            if place is None:
                raise UsageError(
                    f"{name} is neither a folder nor a manifest", hint=f"to name a run by its id, {_OUTPUT}"
                )
            run = read_run_in(place.run(name))
        return _not_a_shard(run, name)

    def newest(self, number: int, *, otherwise: str) -> list[StoredRun]:
        """Return the newest finished runs of the output place, at most `number`, the newest first.

        Raises UsageError, with the hint `otherwise`, if there is no place or if one cannot be read.
        """
        place = self._place()
        if place is None:
            raise UsageError("no run was given", hint=f"{otherwise}, or {_OUTPUT}")
        runs: list[StoredRun] = []
        for run in islice(newest_first(place), number):
            if isinstance(run, UnreadableRun):
                raise UsageError(
                    f"{run.file} in {place.name} cannot be read: {run.message}", hint=run.hint or otherwise
                )
            runs.append(run)
        if len(runs) < number:
            found = f"{len(runs) or 'no'} finished run{'s' if not runs else ''}"
            wanted = "" if number == 1 else ", and a comparison needs two"
            raise UsageError(
                f"{place.name} contains {found}{wanted}",
                hint=f"{otherwise}, or another output place with --output or --config",
            )
        return runs

    def _place(self) -> Place | None:
        if self.config is not None:
            from sso_batch.commands.run import RunOptions, with_options  # noqa: PLC0415 - imports boto3

            config = self.config
            if isinstance(config, str):
                config = read_config(config, self.environ)
            return open_place(with_options(config, RunOptions(output=self.output)).output)
        return None if self.output is None else open_place(output_named(self.output))


def finished_run(location: str) -> StoredRun:
    """Return the run at a location; raise UsageError if it cannot be read or is a shard."""
    return _not_a_shard(read_run(location), location)


def _not_a_shard(run: StoredRun, name: str) -> StoredRun:
    if run.manifest.shard is not None:
        raise UsageError(
            f"{name} is the manifest of a shard, not of a run",
            hint="merge the shards with `sso-batch merge`, and pass the run",
        )
    return run


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
