"""The page's plots: bars, as the template draws them. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sso_batch.report.statistics import Digest
from sso_batch.review.change import ADDED, CHANGED, REMOVED
from sso_batch.review.finding import SEVERITIES

BARS = 10
"""Bars of a plot at most; the last one then stands for the rest."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of one part, or of two that add up; `mark` stands before a number that may be too small."""

    label: str
    first: int
    second: int = 0
    mark: str = ""

    @property
    def total(self) -> int:
        """How long it is."""
        return self.first + self.second


@dataclass(frozen=True, slots=True)
class Plot:
    """Bars of one scale; `parts` names what a bar is made of; `note` says what stands in place of bars."""

    id: str
    title: str
    heading: str
    parts: tuple[str, ...]
    bars: tuple[Bar, ...]
    note: str = ""

    def share(self, value: int) -> str:
        """A value's length in percent of the longest bar."""
        longest = max((bar.total for bar in self.bars), default=0)
        return f"{value / longest:.2%}" if longest else "0%"


def administrators(digests: Sequence[Digest]) -> Plot:
    """People who are administrators, by organization."""
    bars = [
        Bar(
            one.organization, one.administrators_total, mark="" if one.administrators_certain else "at least "
        )
        for one in digests
    ]
    return Plot(
        "administrators-plot",
        "Administrators by organization",
        "Organization",
        ("people",),
        _longest(bars, "organizations"),
    )


def by_access(digests: Sequence[Digest]) -> Plot:
    """Grants by permission set; sets of one name count together, across organizations."""
    counts: Counter[str] = sum((Counter(one.by_access) for one in digests), Counter())
    bars = [Bar(name, count) for name, count in counts.items()]
    return Plot(
        "access-plot",
        "Grants by permission set or role",
        "Permission set or role",
        ("grants",),
        _longest(bars, "others"),
    )


def ways(digests: Sequence[Digest]) -> Plot:
    """Grants to groups against grants to users, by organization."""
    bars = [Bar(one.organization, one.grants - one.direct, one.direct) for one in digests]
    return Plot(
        "ways-plot",
        "Grants to groups and directly to people",
        "Organization",
        ("to groups", "directly to people"),
        _longest(bars, "organizations"),
    )


def findings(counts: Counter[str], waived: Counter[str], *, made: bool) -> Plot:
    """Findings by severity, waived ones apart."""
    bars = tuple(Bar(severity, counts[severity], waived[severity]) for severity in SEVERITIES)
    return Plot(
        "findings-plot",
        "Findings by severity",
        "Severity",
        ("findings", "waived"),
        bars if made else (),
        note="" if made else "This run looked for no findings.",
    )


def changes(counts: Counter[str] | None) -> Plot:
    """Changes since the run before."""
    bars = () if counts is None else tuple(Bar(kind, counts[kind]) for kind in (ADDED, REMOVED, CHANGED))
    return Plot(
        "changes-plot",
        "Changes since the run before",
        "Change",
        ("changes",),
        bars,
        note="This run was not compared with an earlier one." if counts is None else "",
    )


def _longest(bars: Sequence[Bar], rest: str) -> tuple[Bar, ...]:
    """The longest bars, the longest first, and one for all others together."""
    ordered = sorted(bars, key=lambda bar: (-bar.total, bar.label))
    if len(ordered) <= BARS:
        return tuple(ordered)
    shown, others = ordered[: BARS - 1], ordered[BARS - 1 :]
    mark = next((bar.mark for bar in others if bar.mark), "")
    return (
        *shown,
        Bar(
            f"{len(others)} {'other ' if rest != 'others' else ''}{rest}",
            sum(bar.first for bar in others),
            sum(bar.second for bar in others),
            mark,
        ),
    )
