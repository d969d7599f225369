"""The folder of a campaign that a command line names."""

from sso_batch.commands.storage import folder_named, open_run_folder, output_named
from sso_batch.store import Store, to_output_error
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
