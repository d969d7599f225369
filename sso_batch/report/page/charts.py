"""The page's bar charts, as the template draws them. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sso_batch.report.page.links import access_link
from sso_batch.report.statistics import Statistics
from sso_batch.review.comparison import ADDED, CHANGED, REMOVED
from sso_batch.review.finding import SEVERITIES

MAX_BARS = 10
"""The maximum number of bars of a chart. The others are counted: they are not a bar on the same scale."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of one part, or of two stacked parts; `mark` precedes a number that is a lower bound.

    `link` leads to what was counted.
    """

    label: str
    first: int
    second: int = 0
    mark: str = ""
    link: str = ""

    @property
    def total(self) -> int:
        """The length of the bar."""
        return self.first + self.second


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars of one scale; `parts` names the parts of a bar; `note` is shown instead of bars.

    `others` counts the bars that are left out.
    """

    id: str
    title: str
    heading: str
    parts: tuple[str, ...]
    bars: tuple[Bar, ...]
    note: str = ""
    others: int = 0

    def share(self, value: int) -> str:
        """Return a value's length in percent of the longest bar."""
        longest = max((bar.total for bar in self.bars), default=0)
        return f"{value / longest:.2%}" if longest else "0%"


def chart_administrators(statistics: Sequence[Statistics]) -> Chart:
    """Return the number of administrators, and of users who can become one, by organization."""
    bars = [
        Bar(
            each.organization,
            each.administrators_total,
            each.can_become,
            mark="" if each.administrators_certain else "at least ",
            link=access_link(level="ADMINISTRATOR", organization=each.organization, by="person"),
        )
        for each in statistics
    ]
    return Chart(
        "administrators-chart",
        "Administrators by organization",
        "Organization",
        ("administrators", "can become administrator"),
        bars=(longest := _longest(bars))[0],
        others=longest[1],
    )


def chart_access(statistics: Sequence[Statistics]) -> Chart:
    """Return the number of assignments by permission set or role; equal names count together."""
    counts: Counter[str] = sum((Counter(each.by_access) for each in statistics), Counter())
    return Chart(
        "access-chart",
        "Assignments by permission set or role",
        "Permission set or role",
        ("assignments",),
        bars=(
            longest := _longest(
                [Bar(name, count, link=access_link(what=name)) for name, count in counts.items()]
            )
        )[0],
        others=longest[1],
    )


def chart_principals(statistics: Sequence[Statistics]) -> Chart:
    """Return the number of assignments to groups and to users by organization."""
    bars = [
        Bar(
            each.organization,
            each.grants - each.direct,
            each.direct,
            link=access_link(organization=each.organization, way="directly"),
        )
        for each in statistics
    ]
    return Chart(
        "principals-chart",
        "Assignments to groups and directly to users",
        "Organization",
        ("to groups", "directly to users"),
        bars=(longest := _longest(bars))[0],
        others=longest[1],
    )


def chart_findings(counts: Counter[str], waived: Counter[str], *, checked: bool) -> Chart:
    """Return the number of findings by severity, with waived ones as a second part."""
    bars = tuple(Bar(each, counts[each], waived[each], link="#findings") for each in SEVERITIES)
    return Chart(
        "findings-chart",
        "Findings by severity",
        "Severity",
        ("findings", "waived"),
        bars if checked else (),
        note="" if checked else "No checks were run.",
    )


def chart_changes(counts: Counter[str] | None) -> Chart:
    """Return the number of changes since the previous run; `counts` is None if there was no comparison."""
    bars = (
        ()
        if counts is None
        else tuple(Bar(kind, counts[kind], link="#changes") for kind in (ADDED, REMOVED, CHANGED))
    )
    return Chart(
        "changes-chart",
        "Changes since the previous run",
        "Change",
        ("changes",),
        bars,
        note="This run was not compared with an earlier run." if counts is None else "",
    )


def _longest(bars: Sequence[Bar]) -> tuple[tuple[Bar, ...], int]:
    """Return the longest bars in descending order, and how many others there are."""
    ordered = sorted(bars, key=lambda bar: (-bar.total, bar.label))
    return tuple(ordered[:MAX_BARS]), max(0, len(ordered) - MAX_BARS)
