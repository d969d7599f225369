"""Reading the run that a command line names: by its manifest, or by a folder or S3 location."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sso_batch.commands.run import RunOptions, with_options
from sso_batch.commands.storage import open_manifest, open_store, place_named
from sso_batch.config import load
from sso_batch.errors import UsageError
from sso_batch.run_files.manifest import ManifestError, read_manifest
from sso_batch.runner.previous_runs import manifest_names
from sso_batch.runner.run_diff import RunFiles
from sso_batch.store import Store, explain_error


@dataclass(frozen=True, slots=True)
class RunToRead:
    """What a command line says about a run: its location, or the output place whose newest run it is."""

    environ: Mapping[str, str]
    run: str | None
    config_file: Path | None
    output: str | None

    def read(self) -> RunFiles:
        """Return the run; raise UsageError if it cannot be read."""
        return self._newest() if self.run is None else read_run(self.run)

    def _newest(self) -> RunFiles:
        if self.config_file is not None:
            config = with_options(load(self.config_file, self.environ), RunOptions(output=self.output))
            output = config.output
        elif self.output is not None:
            output = place_named(self.output)
        else:
            raise UsageError(
                "no run was given",
                hint="pass --run, or the output place of the runs with --output or --config",
            )
        store = open_store(output)
        try:
            names = manifest_names(store)
        except OSError as error:
            raise _unreadable(store.name, error) from error
        if not names:
            raise UsageError(
                f"{store.name} contains no finished run",
                hint="pass another output place, or the run with --run",
            )
        return _read(store, names[0], f"{store.name}/{names[0]}")


def read_run(location: str) -> RunFiles:
    """Return the run of a manifest, or the only run of a folder; raise UsageError if it cannot be read."""
    try:
        store, name = open_manifest(location)
    except OSError as error:
        raise _unreadable(location, error) from error
    return _read(store, name, location)


def _read(store: Store, name: str, location: str) -> RunFiles:
    try:
        manifest = read_manifest(b"".join(store.read(name)))
    except (OSError, ManifestError) as error:
        raise _unreadable(location, error) from error
    if manifest.shard is not None:
        raise UsageError(
            f"{location} is the manifest of a shard, not of a run",
            hint="merge the shards with `sso-batch merge`, and pass the manifest of the run",
        )
    return RunFiles(store, manifest)


def _unreadable(location: str, error: OSError | ManifestError) -> UsageError:
    reason = explain_error(error).message if isinstance(error, OSError) else str(error)
    return UsageError(
        f"cannot read a run at {location}: {reason}",
        hint="pass the manifest of a run, or a folder that contains one run",
    )
