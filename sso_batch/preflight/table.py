"""The terminal output of a preflight: a table, what is missing, and what to do next."""

import shlex
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sso_batch.preflight.record import Estimates, OrganizationCheck, Permission, Verdict
from sso_batch.sanitize import escape_terminal

_STYLES = {"ready": "green", "incomplete": "yellow", "failed": "red"}
_NAMES_SHOWN = 3
_ANY_WIDTH = 10_000


def table(checks: Iterable[OrganizationCheck], config: str) -> Iterable[RenderableType]:
    """Yield the table, a line for each kind of problem, and what to do next."""
    checks = tuple(checks)
    yield _Overview(checks)
    yield from _failures(checks)
    yield from _permissions(checks)
    for warning in sorted({warning for check in checks for warning in check.warnings}):
        names = [check.name for check in checks if warning in check.warnings]
        yield from _lines(names, warning, of=len(checks))
    yield from _activity(checks)
    urls = sorted({override.url for check in checks for override in check.endpoint_overrides})
    if urls:
        override = f"endpoint override: {', '.join(urls)} (these answers did not come from AWS)"
        yield Text(escape_terminal(override), style="yellow")
    step, command = _next(checks, config)
    yield Text(f"Next: {escape_terminal(step)}", style="bold")
    yield _unbroken(command)


@dataclass(frozen=True, slots=True)
class _Column:
    heading: str
    cell: Callable[[OrganizationCheck], str]
    right: bool = False


def _count_of(verdict: Verdict) -> Callable[[OrganizationCheck], str]:
    def count(check: OrganizationCheck) -> str:
        verdicts = [permission.verdict for permission in check.permissions]
        return str(verdicts.count(verdict)) if verdicts else "?"

    return count


def _account(check: OrganizationCheck) -> str:
    return escape_terminal(check.account_id) if check.account_id else "?"


def _calls(estimates: Estimates | None, *, fastest: bool) -> str:
    if estimates is None:
        return "?"
    if not fastest:
        return _range(estimates, f"{estimates.complete_calls:,}")
    return _range(estimates, f"{estimates.fastest_calls:,}", f"{estimates.fastest_most_calls:,}")


def _minutes(estimates: Estimates | None, *, fastest: bool) -> str:
    if estimates is None:
        return "?"
    if not fastest:
        return _range(estimates, f"{estimates.complete_seconds / 60:.1f}")
    return _range(
        estimates, f"{estimates.fastest_seconds / 60:.1f}", f"{estimates.fastest_most_seconds / 60:.1f}"
    )


def _range(estimates: Estimates, least: str, most: str = "") -> str:
    """Return a number, or the two that it is between."""
    if estimates.at_least:
        return f"≥ {least}"
    return least if most in {"", least} else f"{least} to {most}"


_COLUMNS = (
    _Column("Account", _account),
    _Column("Kind", lambda check: check.account_kind if check.account_id else "?"),
    _Column("Region", lambda check: escape_terminal(check.instance.region) if check.instance else "?"),
    *(_Column(verdict.value.capitalize(), _count_of(verdict), right=True) for verdict in Verdict),
    _Column("Calls if\ncomplete", lambda check: _calls(check.estimates, fastest=False), right=True),
    _Column("Minutes if\ncomplete", lambda check: _minutes(check.estimates, fastest=False), right=True),
    _Column("Calls if\nfastest", lambda check: _calls(check.estimates, fastest=True), right=True),
    _Column("Minutes if\nfastest", lambda check: _minutes(check.estimates, fastest=True), right=True),
)
_DROPPED_FIRST = (
    "Minutes if\nfastest",
    "Calls if\nfastest",
    "Allowed",
    "Region",
    "Kind",
    "Calls if\ncomplete",
    "Minutes if\ncomplete",
    "Account",
    "Unknown",
    "Denied",
)


@dataclass(frozen=True, slots=True)
class _Overview:
    """The table with as many columns as fit: columns are omitted, values are never cut."""

    checks: Sequence[OrganizationCheck]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for count in range(len(_DROPPED_FIRST) + 1):
            omitted = _DROPPED_FIRST[:count]
            shown = self._table([column for column in _COLUMNS if column.heading not in omitted])
            wide = console.measure(shown, options=options.update_width(_ANY_WIDTH))
            if wide.maximum <= options.max_width:
                yield shown
                break
        else:
            for check in self.checks:
                yield Text.assemble(f"{check.name}: ", (check.status, _STYLES[check.status]))
        if omitted:
            names = ", ".join(heading.replace("\n", " ") for heading in omitted)
            yield Text(f"Not shown at this width: {names} (see --format json)", style="dim")

    def _table(self, columns: Iterable[_Column]) -> Table:
        columns = tuple(columns)
        shown = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
        shown.add_column("Organization", no_wrap=True)
        shown.add_column("Status", no_wrap=True)
        for column in columns:
            shown.add_column(column.heading, no_wrap=True, justify="right" if column.right else "left")
        for check in self.checks:
            status = Text(check.status, style=_STYLES[check.status])
            shown.add_row(check.name, status, *(column.cell(check) for column in columns))
        return shown


def _failures(checks: Sequence[OrganizationCheck]) -> Iterable[RenderableType]:
    """Yield a line for each cause, shared by all organizations that fail for the same reason."""
    by_cause: defaultdict[tuple[str, str, str], list[tuple[str, str]]] = defaultdict(list)
    for check in checks:
        if check.failure is not None:
            failure = check.failure
            kind = failure.operation, failure.code, failure.hint
            by_cause[kind].append((check.name, failure.message))
    for (operation, code, hint), found in by_cause.items():
        messages = {message for _, message in found}
        example = "for example: " if len(messages) > 1 else ""
        message = f"{operation} {code}: {example}{found[0][1]}".strip()
        yield from _lines([name for name, _ in found], message, hint, style=_STYLES["failed"])


def _permissions(checks: Sequence[OrganizationCheck]) -> Iterable[RenderableType]:
    """Yield a line for each action that is denied or unknown, with all organizations that it concerns."""
    by_cause: defaultdict[tuple[str, Verdict, str, str], list[tuple[str, Permission]]] = defaultdict(list)
    for check in checks:
        for permission in check.permissions:
            if permission.verdict is Verdict.DENIED or permission.code:
                kind = permission.action, permission.verdict, permission.code, permission.instead
                by_cause[kind].append((check.name, permission))
    for (action, verdict, code, instead), found in by_cause.items():
        first = found[0][1]
        about = f"{action} on {first.resource}" if len(found) == 1 else action
        message = (
            f"{about} is denied"
            if verdict is Verdict.DENIED
            else f"{about} is unknown: {code}: {first.message}"
        )
        names = [name for name, _ in found]
        if instead:
            yield from _lines(names, f"{message}, but not needed: {instead}")
        else:
            hint = "" if action in first.hint else first.hint
            yield from _lines(names, message, hint, style=_STYLES["incomplete"])


def _activity(checks: Sequence[OrganizationCheck]) -> Iterable[Text]:
    """Yield a line with the longest first look-up of activity, which is made at the same time as the rest."""
    found = [(check.estimates, check.name) for check in checks if check.estimates is not None]
    estimates, name = max(found, key=lambda item: item[0].activity_calls, default=(None, ""))
    if estimates is not None and estimates.activity_calls:
        cost = f"{estimates.activity_calls:,} calls, {estimates.activity_seconds / 60:.1f} min"
        yield Text(f"Activity: a first run looks up 90 days, about {cost} in {name}, during other calls")


def _unbroken(command: str) -> Group:
    """Return a command without line breaks, so that it can be copied as a whole."""
    return Group(Text(f"  {escape_terminal(command)}", style="bold", no_wrap=True, overflow="ignore"))


def _next(checks: Sequence[OrganizationCheck], config: str) -> tuple[str, str]:
    """Return the next step and its command."""
    location = shlex.quote(config)
    not_ready = [check.name for check in checks if check.status != "ready"]
    if not not_ready:
        return "run the audit", f"sso-batch run -c {location}"
    only = f" --only {','.join(not_ready)}" if len(not_ready) <= _NAMES_SHOWN else ""
    again = f"sso-batch check -c {location}{only}"
    missing = [permission for check in checks for permission in check.permissions if permission.missing]
    if any(permission.verdict is Verdict.DENIED for permission in missing):
        policies = f"sso-batch policy -c {location} prints the policies"
        return f"allow the denied actions ({policies}), then check again", again
    return "fix the problems above, then check again", again


def _lines(
    names: Sequence[str], message: str, hint: str = "", *, style: str = "", of: int = 0
) -> Iterable[RenderableType]:
    """Yield a message about organizations, of so many, and what to do about it."""
    more = len(names) - _NAMES_SHOWN
    shown = ", ".join(names[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
    if 1 < len(names) == of:
        shown = "all organizations"
    yield Text.assemble((f"{shown}: ", "bold"), (escape_terminal(message), style))
    if hint:
        yield Padding(Text(escape_terminal(hint)), (0, 0, 0, 2), expand=False)
