"""What the policies of a permission set allow together: every Allow without what a Deny removes. Pure.

A Deny under conditions takes nothing away, and an Allow under conditions counts: whether the conditions are
met is not known. Both are noted.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from sso_batch.privileges.access_levels import Action, actions_of, matching_actions, only_reads, services
from sso_batch.privileges.documents import Document, Statement
from sso_batch.privileges.paths import EscalationPath, Need
from sso_batch.privileges.resources import ANY, by_segments, contains, example, intersect

_WELL_KNOWN_CHANGES = ("s3:PutObject", "ec2:RunInstances", "lambda:CreateFunction", "dynamodb:PutItem")
"""Actions that readers of a reason recognize."""

_MOST_PAIRS = 20_000
"""Pairs of patterns of resources that are compared for one path. An inline policy of AWS's maximum size has
some hundred patterns; the limit only keeps a hostile document from taking hours."""

_BEST = (False, False)
"""The rank of what is allowed without conditions on resources of any name."""

_COLONS = 5  # in an ARN, before the resource

_EVERY_ACTION, _EVERY_RESOURCE = example("*:*"), example(ANY)
"""Only patterns of everything match these names."""


class TooManyPatternsError(Exception):
    """Policies that are too large to evaluate: what they allow is not known."""


@dataclass(frozen=True, slots=True)
class Source:
    """The statement of a policy that allows an action; no action stands for all of them."""

    policy: str
    statement: Statement
    action: str = ""


@dataclass(frozen=True, slots=True)
class Allowance:
    """How something is allowed: by which statements, whether only under conditions.

    `general` is set if it is allowed on resources of any name.
    """

    sources: tuple[Source, ...]
    conditional: bool = False
    general: bool = True

    @property
    def policies(self) -> tuple[str, ...]:
        """The names of the policies."""
        return tuple(dict.fromkeys(source.policy for source in self.sources))

    def __and__(self, other: "Allowance") -> "Allowance":
        """Return how two things are allowed that are needed together."""
        return Allowance(
            (*self.sources, *other.sources),
            self.conditional or other.conditional,
            self.general and other.general,
        )

    @property
    def rank(self) -> tuple[bool, bool]:
        """The better allowance has the smaller rank."""
        return not self.general, self.conditional


@dataclass(frozen=True, slots=True)
class Permissions:
    """The policies of a permission set, each with its name and document, in a partition.

    Permission sets with the same policies are equal, so that what is found of one is known of all.
    """

    documents: tuple[tuple[str, Document], ...]
    partition: str = "aws"

    @property
    def denies(self) -> bool:
        """Whether anything is denied unconditionally."""
        return any(document.denies for _, document in self.documents)

    def everything(self) -> Allowance | None:
        """Return how every action is allowed on every resource; None if it is not."""
        if self.denies:
            return None
        found = (
            Allowance((Source(name, statement),), statement.conditional)
            for name, statement in self._about(_EVERY_ACTION)
            if statement.allows and _is_everything(statement)
        )
        return min(found, key=lambda allowance: allowance.rank, default=None)

    def path(self, path: EscalationPath) -> Allowance | None:
        """Return how everything is allowed that a path needs; None if something is not."""
        allowance = Allowance(())
        for _, needs in groupby(path.needs, lambda need: need.resource or need.action):
            group = list(needs)
            found = self._together(group[0].pattern(self.partition), group)
            if found is None:
                return None
            allowance &= found
        return allowance

    def change(self) -> tuple[str, Allowance] | None:
        """Return an action that is allowed and changes something, a well-known one if possible; else None."""
        for action in _WELL_KNOWN_CHANGES:
            allowance = self._together(ANY, [Need(action)])
            if allowance is not None:
                return action, allowance
        return self._first(changes=True)

    def read(self) -> tuple[str, Allowance] | None:
        """Return an action that is allowed; None if there is none."""
        return self._first(changes=False)

    def _first(self, *, changes: bool) -> tuple[str, Allowance] | None:
        if not self.denies:
            for name, document in self.documents:
                found = first_action(document, changes=changes)
                if found is not None:
                    first, statement = found
                    return first, Allowance((Source(name, statement, first),))
            return None
        # Most of a reference of 20,000 actions can be denied: see that at a glance where it is so.
        denying = [
            statement
            for _, statement in self.statements()
            if statement.takes_away
            and not statement.excludes_resources
            and statement.covers_resource(_EVERY_RESOURCE)
        ]
        if any(not deny.excludes_actions and deny.covers_action(_EVERY_ACTION) for deny in denying):
            return None
        failed: set[tuple[int, ...]] = set()  # actions that the same statements are about fare alike
        for _, document in self.documents:
            for action, _ in _known_actions(document, changes=changes):
                name = action.name.lower()
                if any(deny.covers_action(name) for deny in denying):
                    continue
                about = tuple(id(statement) for _, statement in self._about(name))
                if about not in failed:
                    allowance = self._together(ANY, [Need(action.name)])
                    if allowance is not None:
                        return action.name, allowance
                    failed.add(about)
        return None

    def statements(self) -> Iterator[tuple[str, Statement]]:
        """Yield the statements that could be understood, each with the name of its policy."""
        for name, document in self.documents:
            for statement in document.statements:
                yield name, statement

    def _about(self, action: str) -> list[tuple[str, Statement]]:
        return [
            (name, statement) for name, document in self.documents for statement in document.about(action)
        ]

    def _together(self, resource: str, needs: Sequence[Need]) -> Allowance | None:
        """Return how the needs are allowed on one and the same resource, in the best case."""
        statements = {need.action: self._about(need.action.lower()) for need in needs}
        any_existing = any(need.any_existing for need in needs)
        best: Allowance | None = None
        for pattern in _candidates(resource, statements.values()):
            found = _allowed_on(example(pattern), statements)
            if found is not None:
                general = not any_existing or _is_general(pattern, resource)
                found = Allowance(found.sources, found.conditional, general)
                best = found if best is None else min(best, found, key=lambda each: each.rank)
                if best.rank == _BEST:
                    break
        return best


def _is_everything(statement: Statement) -> bool:
    """Return whether a statement that is about every action is one by its patterns, on every resource."""
    if statement.excludes_actions or statement.excludes_resources:
        return False
    return statement.covers_resource(_EVERY_RESOURCE)


def _candidates(resource: str, statements: Iterable[Sequence[tuple[str, Statement]]]) -> list[str]:
    """Return patterns of resources that could all be allowed, and not denied."""
    candidates = [resource]
    used: set[tuple[int, ...]] = set()  # statements are often about several of the actions
    for about in statements:
        allowing = [statement for _, statement in about if statement.allows]
        if (key := tuple(map(id, allowing))) not in used:
            used.add(key)
            listed = [
                pattern for each in allowing if not each.excludes_resources for pattern in each.resources
            ]
            narrowed = _narrow(candidates, listed)
            if any(each.excludes_resources for each in allowing):
                narrowed |= dict.fromkeys(candidates)
            candidates = sorted(narrowed, key=len)
        for _, statement in about:
            # Whatever such a Deny spares is in each of them.
            if statement.takes_away and statement.excludes_resources and (id(statement),) not in used:
                used.add((id(statement),))
                candidates = sorted(_narrow(candidates, statement.resources), key=len)
    return candidates


def _narrow(candidates: Iterable[str], patterns: Iterable[str]) -> dict[str, None]:
    """Return what candidates have in common with any of the patterns; raise TooManyPatternsError."""
    unique = list(dict.fromkeys(map(by_segments, patterns)))
    found: dict[str, None] = {}
    pairs = 0
    for candidate in candidates:
        if any(contains(pattern, candidate) for pattern in unique):
            found[candidate] = None  # all of it: its parts add nothing
            continue
        pairs += len(unique)
        if pairs > _MOST_PAIRS:
            raise TooManyPatternsError
        common = (intersect(candidate, pattern) for pattern in unique)
        found |= dict.fromkeys(pattern for pattern in common if pattern is not None)
    return found


def _allowed_on(name: str, statements: Mapping[str, Sequence[tuple[str, Statement]]]) -> Allowance | None:
    """Return how all actions are allowed on a resource, each by the statements about it."""
    allowance = Allowance(())
    for action, about in statements.items():
        covering = [(policy, statement) for policy, statement in about if statement.covers_resource(name)]
        if any(statement.takes_away for _, statement in covering):
            return None
        allowing = [(policy, statement) for policy, statement in covering if statement.allows]
        if not allowing:
            return None
        policy, statement = min(allowing, key=lambda pair: pair[1].conditional)
        allowance &= Allowance((Source(policy, statement, action),), statement.conditional)
    return allowance


def _is_general(pattern: str, resource: str) -> bool:
    """Return whether a pattern has all names of the kind of resource, such as every user."""
    return pattern.split(":", _COLONS)[-1] == resource.split(":", _COLONS)[-1]


def _is_about_nothing(statement: Statement) -> bool:
    if statement.excludes_resources:
        return not statement.covers_resource(_EVERY_RESOURCE)
    return not statement.resources


@lru_cache(maxsize=256)
def first_action(document: Document, *, changes: bool) -> tuple[str, Statement] | None:
    """Return an action that the document allows, and the statement; None if there is none.

    With `changes`, it is one that changes something.
    """
    found = ((action.name, statement) for action, statement in _known_actions(document, changes=changes))
    return next(found, None)


def _known_actions(document: Document, *, changes: bool) -> Iterator[tuple[Action, Statement]]:
    """Yield the actions that the document allows, each with the statement that allows it.

    With `changes`, only those that change something.
    """
    for statement in document.statements:
        if statement.allows and not _is_about_nothing(statement):
            for action in _actions_of_statement(statement, changes=changes):
                if action.changes or not changes:
                    yield action, statement


def _actions_of_statement(statement: Statement, *, changes: bool) -> Iterator[Action]:
    """Yield the actions that a statement is about; with `changes`, at least those that change something."""
    if not statement.excludes_actions:
        for pattern in statement.actions:
            if not (changes and only_reads(pattern)):
                yield from matching_actions(pattern)
        return
    for service in services():
        for name, action in actions_of(service).items():
            if statement.covers_action(f"{service}:{name}"):
                yield action
