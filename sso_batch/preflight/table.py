"""A preflight for people: a table, what is missing, and what to do next."""

import shlex
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich import box
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from sso_batch.preflight.record import Estimates, OrganizationCheck, Permission, Verdict
from sso_batch.sanitize.terminal import printable

_STYLES = {"ready": "green", "incomplete": "yellow", "failed": "red"}
_NAMES_SHOWN = 3
_ANY_WIDTH = 10_000


def table(checks: Iterable[OrganizationCheck], config_file: Path) -> Iterable[RenderableType]:
    """Yield the table, a line for each kind of trouble, and what to do next."""
    checks = tuple(checks)
    yield _Overview(checks)
    yield from _failures(checks)
    yield from _permissions(checks)
    for warning in sorted({warning for check in checks for warning in check.warnings}):
        names = [check.name for check in checks if warning in check.warnings]
        yield _line(names, warning, style="not bold yellow")
    urls = sorted({override.partition("=")[2] for check in checks for override in check.endpoint_overrides})
    if urls:
        override = f"endpoint override: {', '.join(urls)} (these answers did not come from AWS)"
        yield Text(printable(override), style="yellow")
    yield Text(f"Next: {printable(_next(checks, config_file))}", style="bold")


@dataclass(frozen=True, slots=True)
class _Column:
    heading: str
    cell: Callable[[OrganizationCheck], str]
    right: bool = False


def _counted(verdict: Verdict) -> Callable[[OrganizationCheck], str]:
    def count(check: OrganizationCheck) -> str:
        verdicts = [permission.verdict for permission in check.permissions]
        return str(verdicts.count(verdict)) if verdicts else "?"

    return count


def _account(check: OrganizationCheck) -> str:
    return f"{printable(check.account_id)}\n{check.account_kind}" if check.account_id else "?"


def _cost(estimates: Estimates | None, *, fastest: bool) -> str:
    if estimates is None:
        return "?"
    calls = estimates.fastest_calls if fastest else estimates.complete_calls
    seconds = estimates.fastest_seconds if fastest else estimates.complete_seconds
    at_least = "at least\n" if estimates.at_least else ""
    return f"{at_least}{calls:,}\n{seconds / 60:.1f} min"


_COLUMNS = (
    _Column("Account", _account),
    _Column("Region", lambda check: printable(check.instance.region) if check.instance else "?"),
    *(_Column(verdict.value.capitalize(), _counted(verdict), right=True) for verdict in Verdict),
    _Column("Calls if\ncomplete", lambda check: _cost(check.estimates, fastest=False), right=True),
    _Column("Calls if\nfastest", lambda check: _cost(check.estimates, fastest=True), right=True),
)
_DROPPED_FIRST = (
    "Calls if\nfastest",
    "Allowed",
    "Region",
    "Calls if\ncomplete",
    "Account",
    "Unknown",
    "Denied",
)


@dataclass(frozen=True, slots=True)
class _Overview:
    """The table with as many columns as fit: a column is left out, a value is never cut."""

    checks: Sequence[OrganizationCheck]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for count in range(len(_DROPPED_FIRST) + 1):
            left_out = _DROPPED_FIRST[:count]
            shown = self._table([column for column in _COLUMNS if column.heading not in left_out])
            wide = console.measure(shown, options=options.update_width(_ANY_WIDTH))
            if wide.maximum <= options.max_width:
                yield shown
                break
        else:
            for check in self.checks:
                yield Text.assemble(f"{check.name}: ", (check.status, _STYLES[check.status]))
        if left_out:
            names = ", ".join(heading.replace("\n", " ") for heading in left_out)
            yield Text(f"Not shown in this width: {names} (see --format json)", style="dim")

    def _table(self, columns: Iterable[_Column]) -> Table:
        columns = tuple(columns)
        shown = Table(box=box.SIMPLE_HEAD)
        shown.add_column("Organization", no_wrap=True)
        shown.add_column("Status", no_wrap=True)
        for column in columns:
            shown.add_column(column.heading, no_wrap=True, justify="right" if column.right else "left")
        for check in self.checks:
            status = Text(check.status, style=_STYLES[check.status])
            shown.add_row(check.name, status, *(column.cell(check) for column in columns))
        return shown


def _failures(checks: Sequence[OrganizationCheck]) -> Iterable[Text]:
    """Yield a line for each cause: organizations that fail alike share it."""
    alike: defaultdict[tuple[str, str, str], list[tuple[str, str]]] = defaultdict(list)
    for check in checks:
        if check.failure is not None:
            failure = check.failure
            kind = failure.operation, failure.code, failure.hint
            alike[kind].append((check.name, failure.message))
    for (operation, code, hint), found in alike.items():
        messages = {message for _, message in found}
        example = "for example: " if len(messages) > 1 else ""
        message = f"{operation} {code}: {example}{found[0][1]}".strip()
        yield _line([name for name, _ in found], message, hint)


def _permissions(checks: Sequence[OrganizationCheck]) -> Iterable[Text]:
    """Yield a line for each action that is denied or unknown, however many organizations it concerns."""
    alike: defaultdict[tuple[str, Verdict, str, str], list[tuple[str, Permission]]] = defaultdict(list)
    for check in checks:
        for permission in check.permissions:
            if permission.verdict is Verdict.DENIED or permission.code:
                kind = permission.action, permission.verdict, permission.code, permission.instead
                alike[kind].append((check.name, permission))
    for (action, verdict, code, instead), found in alike.items():
        first = found[0][1]
        about = f"{action} on {first.resource}" if len(found) == 1 else action
        message = (
            f"{about} is denied"
            if verdict is Verdict.DENIED
            else f"{about} is unknown: {code}: {first.message}"
        )
        names = [name for name, _ in found]
        if instead:
            yield _line(names, f"{message}, but not needed: {instead}", style="not bold")
        else:
            yield _line(names, message, "" if action in first.hint else first.hint)


def _next(checks: Sequence[OrganizationCheck], config_file: Path) -> str:
    """Return the command that comes next."""
    file = shlex.quote(str(config_file))
    open_ = [check.name for check in checks if check.status != "ready"]
    if not open_:
        return f"sso-batch run -c {file}"
    only = f" --only {','.join(open_)}" if len(open_) <= _NAMES_SHOWN else ""
    again = f"check again: sso-batch check -c {file}{only}"
    lacking = [permission for check in checks for permission in check.permissions if permission.lacking]
    if any(permission.verdict is Verdict.DENIED for permission in lacking):
        return f"allow what is denied (sso-batch policy -c {file} prints the policies), then {again}"
    return f"fix what is named above, then {again}"


def _line(names: Sequence[str], message: str, hint: str = "", *, style: str = "not bold red") -> Text:
    more = len(names) - _NAMES_SHOWN
    shown = ", ".join(names[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
    text = Text(f"{shown}: ", style="bold")
    text.append(printable(message), style=style)
    if hint:
        text.append(f"\n  {printable(hint)}", style="not bold")
    return text
