"""An output place in S3: each run has a prefix of its own in it."""

from collections.abc import Iterator
from pathlib import Path

from sso_batch.errors import OutputError
from sso_batch.store.errors import explain_error, to_output_error
from sso_batch.store.protocol import RUN_ID
from sso_batch.store.s3 import S3, BucketClient
from sso_batch.store.spool import SpooledDraft, remove_abandoned

_PROBE = "sso-batch-probe"


class BucketPlace:
    """A prefix of a bucket; `prefix` is empty or ends without a slash.

    Files are written to the local folder `spool` before their upload.
    """

    def __init__(self, bucket: str, prefix: str, objects: BucketClient, spool: Path) -> None:
        self.name = f"s3://{bucket}/{prefix}".rstrip("/")
        self._bucket = bucket
        self._start = f"{prefix}/" if prefix else ""
        self._objects = objects
        self._spool = spool

    @property
    def caveats(self) -> tuple[str, ...]:
        """No limitations: the bucket controls who can read the objects."""
        return ()

    def check(self) -> None:
        """Test that runs can be written, leaving nothing behind; raise OutputError if not."""
        self._test(patient=False)

    def prepare(self) -> None:
        """Test that runs can be written; raise OutputError if not.

        Remove drafts that killed processes left in the spool.
        """
        remove_abandoned(self._spool)
        self._test(patient=True)

    def run_ids(self) -> Iterator[str]:
        """Yield the names of the prefixes that can be runs, from one listing of the prefixes alone."""
        return filter(RUN_ID.fullmatch, self._objects.folders(self._start))

    def run(self, run_id: str) -> S3:
        """Return the store of a run, whether it has objects or not."""
        return S3(self._bucket, f"{self._start}{run_id}", self._objects, self._spool)

    def _test(self, *, patient: bool) -> None:
        try:
            with SpooledDraft(_PROBE, self._spool) as draft:
                draft.write(b"x")
                draft.close()
        except OSError as error:
            raise OutputError(
                f"cannot write to {self._spool}, where files are stored before their upload to {self.name}: "
                f"{explain_error(error).message}",
                hint="set the environment variable TMPDIR to a folder that this user can write to",
            ) from error
        try:
            self._objects.prove(f"{self._start}{_PROBE}", patient=patient)
            next(self._objects.folders(self._start), None)
        except OSError as error:
            raise to_output_error(self.name, error) from error
