"""The changes between two runs as a table for people."""

from collections import defaultdict
from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from sso_batch.console.rows import Rows
from sso_batch.model import GROUP
from sso_batch.review.comparison import ADDED, Change
from sso_batch.runner.run_diff import RunDiff
from sso_batch.sanitize import escape_terminal

_SHOWN = 200
"""The number of changes that a table shows; the other formats show all."""

_HEADINGS = ("Change", "What", "Who", "Organization", "Account", "With")
_STYLES = {ADDED: "bold"}


def tables(difference: RunDiff) -> Iterator[RenderableType]:
    """Yield a table with a row for each change, and a closing line."""
    rows = [
        tuple(map(escape_terminal, _cells(change)))
        for change in difference
        if difference.changed <= _SHOWN  # all are counted
    ]
    if rows:
        yield Rows(_HEADINGS, rows, style=lambda row: _STYLES.get(row[0], ""))
    if difference.changed > _SHOWN:
        yield Text(f"{difference.changed - _SHOWN} more changes are not shown: use --format csv")
    old, new = difference.old.manifest, difference.new.manifest
    run_ids = f"{escape_terminal(old.run_id)} to {escape_terminal(new.run_id)}"
    yield Text(
        f"{difference.changed:,} changes from {run_ids}; organizations compared: {len(difference.compared)}"
    )


def remarks(difference: RunDiff) -> Iterator[str]:
    """Yield a line for each reason why organizations, or parts of them, were not compared."""
    by_reason: defaultdict[str, list[str]] = defaultdict(list)
    for name, reason in difference.not_compared:
        by_reason[f"not compared: {reason}"].append(name)
    for name, reason in difference.in_one_run:
        by_reason[reason].append(name)
    for name, part in difference.not_examined:
        by_reason[f"not compared: {part}"].append(name)
    for reason, names in by_reason.items():
        yield escape_terminal(f"{', '.join(names)}: {reason}")


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
