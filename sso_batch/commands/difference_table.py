"""The differences of two runs as a person reads them."""

from collections.abc import Iterator

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from sso_batch.model import GROUP
from sso_batch.review.change import ADDED, REMOVED, Change
from sso_batch.runner.run_diff import RunDiff
from sso_batch.sanitize.terminal import printable

_SHOWN = 200
"""Changes that a table shows; the other formats have them all."""

_STYLES = {ADDED: "green", REMOVED: "red"}


def tables(difference: RunDiff) -> Iterator[RenderableType]:
    """A line for each change, and what was not compared."""
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("Change", "What", "Who", "Organization", "Account", "With"):
        table.add_column(heading)
    for change in difference:
        if difference.changed <= _SHOWN:
            table.add_row(
                *(Text(printable(cell), style=_STYLES.get(change.kind, "")) for cell in _cells(change))
            )
    if difference.changed:
        yield table
    if difference.changed > _SHOWN:
        yield Text(f"{difference.changed - _SHOWN} more changes: --format csv has them all")
    old, new = difference.old.manifest, difference.new.manifest
    yield Text(
        f"{difference.changed:,} changes from {printable(old.run_id)} to {printable(new.run_id)}; "
        f"organizations compared: {len(difference.compared)}"
    )


def remarks(difference: RunDiff) -> Iterator[str]:
    """What the changes do not tell of, a line each."""
    for name, reason in difference.not_compared:
        yield printable(f"{name}: not compared: {reason}")
    for name, reason in difference.in_one_run:
        yield printable(f"{name}: {reason}")
    for name, part in difference.not_examined:
        yield printable(f"{name}: not compared: {part}")


def _cells(change: Change) -> tuple[str, ...]:
    access = change.access
    grant = access.grant
    return (
        change.kind,
        change.what.replace(";", ", "),
        _who(change),
        access.organization,
        access.account.name or grant.account_id,
        access.permission_set.name or grant.role_arn.partition(":role/")[2],
    )


def _who(change: Change) -> str:
    """The one user whom a change concerns, or how many; and the group through which."""
    access = change.access
    principal, (first, *others) = access.grant.principal, access.holders
    through = f"group {access.group_name or principal.id}"
    who = first.name or first.login or first.email or first.user_id
    if principal.type != GROUP:
        return who or principal.id
    if others:
        return f"{len(access.holders):,} users of {through}"
    return f"{who} through {through}" if who else through
