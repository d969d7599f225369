"""A preflight for people: a table, and what is missing in words."""

from collections.abc import Iterable

from rich import box
from rich.table import Table
from rich.text import Text

from sso_batch.characters import printable
from sso_batch.preflight.record import Estimates, OrganizationCheck, Verdict

_STYLES = {"ready": "green", "incomplete": "yellow", "failed": "red"}


def table(checks: Iterable[OrganizationCheck]) -> Iterable[Table | Text]:
    """The table, and a paragraph for each organization that lacks something."""
    checks = tuple(checks)
    yield _overview(checks)
    for one in checks:
        yield from _words(one)
    for warning in sorted({warning for one in checks for warning in one.warnings}):
        names = ", ".join(one.name for one in checks if warning in one.warnings)
        yield _said(names, warning, style="not bold yellow")
    urls = sorted({override.partition("=")[2] for one in checks for override in one.endpoint_overrides})
    if urls:
        yield Text(f"Answered not by AWS, but by {printable(', '.join(urls))}", style="yellow")


def _overview(checks: Iterable[OrganizationCheck]) -> Table:
    found = Table(box=box.SIMPLE_HEAD)
    for heading in ("Organization", "Status", "Account", "Region"):
        found.add_column(heading, no_wrap=True)
    for heading in ("Allowed", "Denied", "Unknown", "Calls if\ncomplete", "Calls if\nfastest"):
        found.add_column(heading, justify="right")
    for one in checks:
        verdicts = [permission.verdict for permission in one.permissions]
        estimates = one.estimates
        found.add_row(
            one.name,
            Text(one.status, style=_STYLES[one.status]),
            Text(f"{printable(one.account_id)}\n{one.account_kind}" if one.account_id else "?"),
            Text(printable(one.instance.region) if one.instance else "?"),
            *(str(verdicts.count(verdict)) if verdicts else "?" for verdict in Verdict),
            _cost(estimates, estimates.complete_calls, estimates.complete_seconds) if estimates else "?",
            _cost(estimates, estimates.fastest_calls, estimates.fastest_seconds) if estimates else "?",
        )
    return found


def _cost(estimates: Estimates, calls: int, seconds: float) -> str:
    least = "at least\n" if estimates.at_least else ""
    return f"{least}{calls:,}\n{seconds / 60:.1f} min"


def _words(one: OrganizationCheck) -> Iterable[Text]:
    if one.failure is not None:
        failure = one.failure
        yield _said(one.name, f"{failure.operation} {failure.code}: {failure.message}".strip(), failure.hint)
    for permission in one.permissions:
        if permission.verdict is Verdict.DENIED:
            without = "" if permission.lacking else "; without it, fastest goes by pair"
            yield _said(one.name, f"{permission.action} on {permission.resource} is denied{without}")
        elif permission.code:
            reason = f"{permission.code}: {permission.message}"
            yield _said(one.name, f"{permission.action} on {permission.resource} is unknown: {reason}")


def _said(names: str, message: str, hint: str = "", *, style: str = "not bold red") -> Text:
    text = Text(f"{names}: ", style="bold")
    text.append(printable(message), style=style)
    if hint:
        text.append(f"\n  {printable(hint)}", style="not bold")
    return text
