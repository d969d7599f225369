"""Publishes files of a campaign so that each command can be repeated and nothing is overwritten."""

import contextlib
from collections.abc import Iterable

from sso_batch.campaign.record import CampaignError, File
from sso_batch.run_files.verification import FileChangedError, FileState, read_verified
from sso_batch.store import Store


def publish_once(store: Store, files: Iterable[tuple[str, Iterable[str], int]]) -> tuple[File, ...]:
    """Publish files by name, text and number of rows, all of them or none; return their records.

    A file that exists with the same content stays: an interrupted command has left it. Raises CampaignError
    for one with other content, or OSError.
    """
    entries = []
    with contextlib.ExitStack() as stack:
        missing = []
        for name, text, rows in files:
            draft = stack.enter_context(store.draft(name))
            for part in text:
                draft.write(part.encode())
            draft.rows = rows
            entry = draft.close()
            entries.append(File.of(entry))
            try:
                for _ in read_verified(store, entry):
                    pass
            except FileChangedError as error:
                if error.state is FileState.MISSING:
                    missing.append(draft)
                    continue
                raise CampaignError(
                    f"{store.name}/{name} exists with other content and was not changed",
                    hint="move it away, and repeat the command",
                ) from error
        store.publish(*missing)
    return tuple(entries)
