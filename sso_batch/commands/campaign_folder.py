"""The folder of a campaign that a command line names."""

import contextlib
from collections.abc import Iterator

from sso_batch.campaign.record import CampaignError
from sso_batch.commands.storage import folder_named, open_run_folder, output_named
from sso_batch.store import Store, explain_error, to_output_error
from sso_batch.store.private_folders import make_private


def open_campaign_folder(location: str, *, create: bool = False) -> Store:
    """Return the store of a campaign's files, from its folder or s3://bucket/prefix.

    With `create`, make the folder if it does not exist. Raises UsageError if it cannot be used.
    """
    output = output_named(location)
    if create and output.s3 is None:
        try:
            make_private(folder_named(output.directory))
        except OSError as error:
            raise to_output_error(location, error) from error
    return open_run_folder(location)


@contextlib.contextmanager
def campaign_errors(store: Store) -> Iterator[None]:
    """Turn errors of the store into errors for users."""
    try:
        yield
    except FileExistsError as error:
        raise CampaignError(
            f"another command writes to {store.name} at the same time", hint="repeat the command"
        ) from error
    except OSError as error:
        explanation = explain_error(error)
        raise CampaignError(f"{store.name}: {explanation.message}", hint=explanation.hint) from error
