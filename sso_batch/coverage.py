"""What an audit did not examine, as records. Pure.

Only `NotExamined.text` and `parse` know the strings that the manifest's `not_examined` holds.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

CHECKS_WITHOUT_SETTINGS = "checks that need settings which are off"

_CHECK = "check "
_CHANGES = "changes: "
_ACTIVITY = "activity: "
_HISTORY = "first seen: "
_BETWEEN = "; "
"""What separates the reasons of one check."""
_COUNTED = re.compile(
    r"(?P<what>.*)(?:: (?P<count>[1-9][0-9]*)| \((?P<of>gaps|assignments): (?P<number>[1-9][0-9]*)\))",
    re.DOTALL,
)


class Scope(StrEnum):
    """The part of a run that did not examine something."""

    COLLECTION = "collection"
    """The configuration left it out, AWS does not offer it, or this version cannot read it."""
    CHECK = "check"
    """A check lacked what it needed."""
    ACTIVITY = "activity"
    """CloudTrail's events of some time were not read."""
    HISTORY = "first seen"
    """Earlier runs, which know since when access exists, were not read."""
    CHANGES = "changes"
    """The comparison with an earlier run lacked it."""


class Omission(StrEnum):
    """What the collection can leave out, in the contract's words."""

    PERMISSION_SET_DETAILS = "policies, permissions boundaries and tags of permission sets"
    """Left out by `permission_set_details: false`."""
    POLICY_DOCUMENTS = "what AWS managed policies allow"
    """Left out by `policy_documents: false`, and with the details of permission sets."""
    ORPHANED_ASSIGNMENTS = "orphaned assignments"
    UNLISTED_PRINCIPALS = "grants to principals that are not listed"
    UNASSIGNED_PERMISSION_SETS = "permission sets without assignments"
    ACCOUNT_PATHS = "account paths"
    """Left out by `account_paths: false`."""
    ENTITLEMENTS = "account-access entitlements"
    """Left out by `entitlements: false`; AWS offers them in the partition `aws` alone."""
    OTHER_APPLICATIONS = "account-access applications in other accounts"
    """The calling account cannot list them."""
    APPLICATIONS = "application assignments"
    """Left out by `applications: false`."""
    ACTIVITY = "activity"
    """Who changed access and who signed in; left out by `activity: false`."""
    UNKNOWN_ATTRIBUTES = "attributes of users in a form that this version of sso-batch does not know"
    OTHER_SIGN_INS = "sign-ins that other accounts or Regions record"
    """CloudTrail answers for the calling account in the instance's primary Region only."""

    @property
    def hides_access(self) -> bool:
        """Whether access may exist that was not examined for this reason."""
        match self:
            case (
                Omission.ORPHANED_ASSIGNMENTS
                | Omission.UNLISTED_PRINCIPALS
                | Omission.ENTITLEMENTS
                | Omission.OTHER_APPLICATIONS
            ):
                return True
            case (
                Omission.PERMISSION_SET_DETAILS
                | Omission.POLICY_DOCUMENTS
                | Omission.UNASSIGNED_PERMISSION_SETS
                | Omission.ACCOUNT_PATHS
                | Omission.APPLICATIONS
                | Omission.ACTIVITY
                | Omission.UNKNOWN_ATTRIBUTES
                | Omission.OTHER_SIGN_INS
            ):
                return False


class Setting(StrEnum):
    """What a check lacks because a setting is off, in the manifest's words."""

    COMPARE = "there is no earlier run to compare with (review.compare: none)"
    ROSTER = "there is no roster (review.roster)"
    ACTIVITY = "sign-ins are not collected (collect.activity: false)"
    APPLICATIONS = "applications are not collected (collect.applications: false)"
    MANAGERS = "managers are not collected (manager in collect.people, or in the roster)"

    @property
    def key(self) -> str:
        """The key of the setting in the configuration."""
        match self:
            case Setting.COMPARE:
                return "review.compare"
            case Setting.ROSTER:
                return "review.roster"
            case Setting.ACTIVITY:
                return "collect.activity"
            case Setting.APPLICATIONS:
                return "collect.applications"
            case Setting.MANAGERS:
                return "collect.people"


NOT_SEEN_BY_PRINCIPAL = (
    Omission.ORPHANED_ASSIGNMENTS,
    Omission.UNLISTED_PRINCIPALS,
    Omission.UNASSIGNED_PERMISSION_SETS,
)
"""What listing the assignments of each user and group cannot show."""


@dataclass(frozen=True, slots=True)
class BlindSpot:
    """One reason why a check could not examine everything.

    `count` is the number of things that it concerns, or of their "gaps" or "assignments", as `of` says.
    """

    what: Omission | Setting | str
    count: int | None = None
    of: str = ""

    def __str__(self) -> str:
        """Return the contract's string."""
        if self.count is None:
            return str(self.what)
        return f"{self.what} ({self.of}: {self.count})" if self.of else f"{self.what}: {self.count}"

    @classmethod
    def parse(cls, text: str) -> "BlindSpot":
        """Return the blind spot of one of the contract's strings; unknown text stays text."""
        counted = _COUNTED.fullmatch(text)
        if counted is None:
            return cls(_known(text))
        return cls(
            _known(counted["what"]), int(counted["count"] or counted["number"]), of=counted["of"] or ""
        )


def _known(text: str) -> Omission | Setting | str:
    """Return the omission or the setting with this text; unknown text stays text."""
    for kind in (Omission, Setting):
        with suppress(ValueError):
            return kind(text)
    return text


@dataclass(frozen=True, slots=True)
class NotExamined:
    """Something that was not examined, and the part of the run that needed it.

    In the scope COLLECTION `what` is an `Omission`, or text for what this version does not know. In the scope
    CHECK `check` is the id of the check, `blind_spots` are the reasons, each with its count, and `what` is
    their text, or a `Setting` if the check lacked nothing but that.
    """

    scope: Scope
    what: Omission | Setting | str
    check: str = ""
    blind_spots: tuple[BlindSpot, ...] = ()

    @classmethod
    def by_collection(cls, what: str) -> "NotExamined":
        """Return the record of what the collection left out; unknown text stays text."""
        try:
            return cls(Scope.COLLECTION, Omission(what))
        except ValueError:
            return cls(Scope.COLLECTION, what)

    @classmethod
    def of_unknown_kind(cls, number: int, what: str, kind: str) -> "NotExamined":
        """Return the record of items that AWS named and this version cannot read.

        `kind` is AWS's name of their kind.
        """
        text = f"{number:,} {what} of the kind {kind}, which this version of sso-batch does not know"
        return cls(Scope.COLLECTION, text)

    @classmethod
    def by_lookup(cls, what: str) -> "NotExamined":
        """Return the record of events that were not looked up, such as "sign-ins before DATE"."""
        return cls(Scope.ACTIVITY, what)

    @classmethod
    def by_history(cls, what: str) -> "NotExamined":
        """Return the record of why dates of earlier runs are missing."""
        return cls(Scope.HISTORY, what)

    @classmethod
    def by_check(cls, check: str, *blind_spots: BlindSpot) -> "NotExamined":
        """Return the record of what a check lacked."""
        if len(blind_spots) == 1 and isinstance(blind_spots[0].what, Setting):
            return cls(Scope.CHECK, blind_spots[0].what, check, blind_spots)
        return cls(Scope.CHECK, _BETWEEN.join(map(str, blind_spots)), check, blind_spots)

    @classmethod
    def by_comparison(cls, what: str) -> "NotExamined":
        """Return the record of what was not compared with an earlier run."""
        return cls(Scope.CHANGES, what)

    @property
    def setting(self) -> Setting | None:
        """The setting that a check lacked, if it lacked nothing else."""
        return self.what if isinstance(self.what, Setting) else None

    @property
    def is_about_review(self) -> bool:
        """Whether only a check or a comparison lacked this."""
        return self.scope in {Scope.CHECK, Scope.CHANGES}

    @property
    def hides_access(self) -> bool:
        """Whether access may exist that was not examined. Unknown text counts as hiding it."""
        if self.scope is not Scope.COLLECTION:
            return False
        return not isinstance(self.what, Omission) or self.what.hides_access

    @property
    def text(self) -> str:
        """The contract's string, as in the manifest."""
        match self.scope:
            case Scope.COLLECTION:
                return str(self.what)
            case Scope.CHECK:
                return f"{_CHECK}{self.check}: {self.what}"
            case Scope.ACTIVITY:
                return f"{_ACTIVITY}{self.what}"
            case Scope.HISTORY:
                return f"{_HISTORY}{self.what}"
            case Scope.CHANGES:
                return f"{_CHANGES}{self.what}"


def parse(text: str) -> NotExamined:
    """Return the record of one of the manifest's strings."""
    if text.startswith(_CHANGES):
        return NotExamined.by_comparison(text.removeprefix(_CHANGES))
    if text.startswith(_ACTIVITY):
        return NotExamined.by_lookup(text.removeprefix(_ACTIVITY))
    if text.startswith(_HISTORY):
        return NotExamined.by_history(text.removeprefix(_HISTORY))
    check, colon, what = text.removeprefix(_CHECK).partition(": ")
    if text.startswith(_CHECK) and colon:
        return NotExamined.by_check(check, *map(BlindSpot.parse, what.split(_BETWEEN)))
    return NotExamined.by_collection(text)


def checks_without_settings(items: Iterable[NotExamined]) -> str:
    """Return the checks that need settings which are off, each once, with the key of the setting."""
    checks = {item.check: item.setting.key for item in items if item.setting}
    return ", ".join(f"{check} ({key})" for check, key in checks.items())


def in_short(items: Iterable[NotExamined]) -> list[str]:
    """Return the contract's strings; checks that need settings which are off share one line."""
    listed = list(items)
    texts = [item.text for item in listed if not item.setting]
    checks = checks_without_settings(listed)
    return [*texts, f"{CHECKS_WITHOUT_SETTINGS}: {checks}"] if checks else texts


def by_item(listed: Iterable[tuple[str, Iterable[NotExamined]]]) -> list[tuple[NotExamined, list[str]]]:
    """Return each record once, with the names of the organizations that it applies to.

    `listed` has each organization's name and records.
    """
    names: defaultdict[NotExamined, list[str]] = defaultdict(list)
    for organization, items in listed:
        for item in items:
            names[item].append(organization)
    return list(names.items())
