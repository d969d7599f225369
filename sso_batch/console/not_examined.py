"""What a run did not examine, grouped by reason across its organizations."""

from collections.abc import Collection, Iterable, Iterator, Sequence

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from sso_batch.coverage import NotExamined, Omission, Scope, Setting
from sso_batch.run_files.results import OrganizationOutcome
from sso_batch.sanitize import escape_terminal

_MAX_NAMES = 5
_CHECK = "check "
_SETTINGS = {
    Omission.PERMISSION_SET_DETAILS: "collect.permission_set_details",
    Omission.POLICY_DOCUMENTS: "collect.policy_documents",
    Omission.ACCOUNT_PATHS: "collect.account_paths",
    Omission.APPLICATIONS: "collect.applications",
    Omission.ACTIVITY: "collect.activity",
}
"""The settings that leave something out; other omissions have other reasons, too."""

Reasons = dict[str, dict[str, dict[str, None]]]
"""By reason: what lacked it (a check, or nothing), and in which organizations."""


def few(names: Sequence[str]) -> str:
    """Return the first names, and the number of the others."""
    shown = ", ".join(names[:_MAX_NAMES])
    return f"{shown} and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else shown


def indented(text: str) -> RenderableType:
    """Return a paragraph, indented as a whole."""
    return Padding(Text(escape_terminal(text)), (0, 0, 0, 2), expand=False)


def not_examined(organizations: Iterable[OrganizationOutcome]) -> Iterator[RenderableType]:
    """Yield a line for each reason; settings that are off share one.

    Organizations are named only where a reason does not apply to all that were read.
    """
    read = [each for each in organizations if each.status.was_read]
    settings: Reasons = {}
    reasons: Reasons = {}
    for organization in read:
        for item in organization.not_examined:
            for reason, setting in _reasons(item):
                group = settings if setting else reasons
                group.setdefault(setting or reason, {}).setdefault(_what(item), {})[organization.name] = None
    if settings or reasons:
        yield Text("Not examined:", style="bold")
    names = [organization.name for organization in read]
    if settings:
        named = (f"{setting} ({_together(found, len(found))})" for setting, found in settings.items())
        yield indented(f"settings that are off{_where(settings, names)}: {', '.join(named)}")
    for reason, found in reasons.items():
        lacking = [what for what in found if what]
        yield indented(
            f"{reason}{_where({reason: found}, names)}"
            + (f" ({_together(lacking, _MAX_NAMES)})" if lacking else "")
        )


def _together(lacking: Collection[str], most: int) -> str:
    """Return what lacked something, `most` of the checks by name, each word once."""
    checks = [what.removeprefix(_CHECK) for what in lacking if what.startswith(_CHECK)]
    others = [what for what in lacking if not what.startswith(_CHECK)]
    more = f" and {len(checks) - most} more" if len(checks) > most else ""
    named = [f"check{'s' if len(checks) > 1 else ''} {', '.join(checks[:most])}{more}"] if checks else []
    return ", ".join([*others, *named])


def _where(found: Reasons, read: Sequence[str]) -> str:
    """Return in which organizations, if not in all that were read."""
    within = dict.fromkeys(name for parts in found.values() for names in parts.values() for name in names)
    others = [name for name in read if name not in within]
    if not others:
        return ""
    if len(within) > _MAX_NAMES >= len(others):
        return f", in all but {', '.join(others)}"
    return f", in {few(list(within))}"


def _reasons(item: NotExamined) -> Iterator[tuple[str, str]]:
    """Yield each reason without its number, and the setting that causes it if there is one."""
    for what in [spot.what for spot in item.blind_spots] or [item.what]:
        match what:
            case Setting():
                yield str(what), what.key
            case Omission():
                yield str(what), _SETTINGS.get(what, "")
            case _:
                yield str(what), ""


def _what(item: NotExamined) -> str:
    """Return what lacked something."""
    match item.scope:
        case Scope.CHECK:
            return f"{_CHECK}{item.check}"
        case Scope.COLLECTION:
            return str(item.what) if isinstance(item.what, Omission) and item.what in _SETTINGS else ""
        case Scope.ACTIVITY | Scope.HISTORY | Scope.CHANGES:
            return str(item.scope)
