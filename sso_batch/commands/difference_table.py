"""The changes between two runs as a table for people."""

from collections.abc import Iterator

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from sso_batch.model import GROUP
from sso_batch.review.comparison import ADDED, REMOVED, Change
from sso_batch.runner.run_diff import RunDiff
from sso_batch.sanitize import escape_terminal

_SHOWN = 200
"""The number of changes that a table shows; the other formats show all."""

_STYLES = {ADDED: "green", REMOVED: "red"}


def tables(difference: RunDiff) -> Iterator[RenderableType]:
    """Yield a table with a row for each change, and a closing line."""
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("Change", "What", "Who", "Organization", "Account", "With"):
        table.add_column(heading, overflow="fold")
    for change in difference:
        if difference.changed <= _SHOWN:
            table.add_row(
                *(Text(escape_terminal(cell), style=_STYLES.get(change.kind, "")) for cell in _cells(change))
            )
    if difference.changed:
        yield table
    if difference.changed > _SHOWN:
        yield Text(f"{difference.changed - _SHOWN} more changes are not shown: use --format csv")
    old, new = difference.old.manifest, difference.new.manifest
    run_ids = f"{escape_terminal(old.run_id)} to {escape_terminal(new.run_id)}"
    yield Text(
        f"{difference.changed:,} changes from {run_ids}; organizations compared: {len(difference.compared)}"
    )


def remarks(difference: RunDiff) -> Iterator[str]:
    """Yield a line for each organization, or part of one, that was not compared."""
    for name, reason in difference.not_compared:
        yield escape_terminal(f"{name}: not compared: {reason}")
    for name, reason in difference.in_one_run:
        yield escape_terminal(f"{name}: {reason}")
    for name, part in difference.not_examined:
        yield escape_terminal(f"{name}: not compared: {part}")


def _cells(change: Change) -> tuple[str, ...]:
    access = change.access
    grant = access.grant
    return (
        change.kind,
        change.words,
        _who(change),
        access.organization,
        access.account.name or grant.account_id,
        access.permission_set.name or grant.role_arn.partition(":role/")[2],
    )


def _who(change: Change) -> str:
    """Return the user whose access changed, or the number of users, and the group."""
    access = change.access
    principal, (first, *others) = access.grant.principal, access.holders
    through = f"group {access.group_name or principal.id}"
    who = first.name or first.login or first.email or first.user_id
    if principal.type != GROUP:
        return who or principal.id
    if others:
        return f"{len(access.holders):,} users of {through}"
    return f"{who} through {through}" if who else through
