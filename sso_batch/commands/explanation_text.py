"""Explanations of permission sets as text for people."""

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from sso_batch.privileges.judgement import FoundPath
from sso_batch.privileges.paths import EVERYWHERE, AccountKind, Privilege
from sso_batch.privileges.permissions import Source
from sso_batch.report.explanation import Explanation, Level, PolicyFacts, PolicyKind
from sso_batch.sanitize import escape_terminal

_MOST_PATTERNS = 4
"""The number of patterns of a statement that are shown; JSON has all."""

_INDENT = "  "
_KINDS = {
    PolicyKind.AWS_MANAGED: "AWS managed",
    PolicyKind.CUSTOMER_MANAGED: "Customer managed",
    PolicyKind.INLINE: "Inline policy",
    PolicyKind.BOUNDARY: "Permissions boundary",
}
_NOTE = (
    "Levels are what policies allow before service control policies and resource control policies. "
    "Conditions count as met where they allow something, and as not met where they deny it."
)


def text(explanations: Sequence[Explanation], *, width: int) -> Iterator[str]:
    """Yield the lines of the explanations, at most `width` characters long where words allow it."""
    for explanation in explanations:
        for section in (_head, _policies, _levels, _certain, _possible, _elsewhere, _restrictions, _unread):
            lines = list(section(explanation))
            yield from (line for depth, part in lines for line in _wrapped(part, depth, width))
            yield from [""] if lines else []
    yield from _wrapped(_NOTE, 0, width)


Lines = Iterator[tuple[int, str]]
"""Lines before they are wrapped, each with the depth of its indentation."""


def _wrapped(line: str, depth: int, width: int) -> list[str]:
    indent = _INDENT * depth
    return textwrap.wrap(
        escape_terminal(line),
        max(width, 40),
        initial_indent=indent,
        subsequent_indent=indent and indent + _INDENT * (1 if line.startswith("- ") else 2),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _head(explanation: Explanation) -> Lines:
    permission_set = explanation.permission_set
    yield 0, f"Permission set {permission_set.name or '(name not read)'} of {explanation.organization}"
    yield 0, permission_set.arn
    if permission_set.description:
        yield 0, permission_set.description


def _policies(explanation: Explanation) -> Lines:
    yield 0, "Policies"
    for kind, words in _KINDS.items():
        found = [policy for policy in explanation.policies if policy.kind is kind]
        for policy in found:
            yield 1, f"{words}: {_policy(policy)}"
        if not found:
            yield 1, f"{words}: {'no' if kind is PolicyKind.INLINE else 'none'}"


def _policy(policy: PolicyFacts) -> str:
    if policy.name is None:
        return "not read"
    match policy.kind:
        case PolicyKind.AWS_MANAGED:
            return f"{policy.name} ({f'version {policy.version_id}' if policy.read else 'not read'})"
        case PolicyKind.CUSTOMER_MANAGED:
            return f"{policy.name} (never read)"
        case PolicyKind.INLINE:
            return "yes"
        case PolicyKind.BOUNDARY:
            return f"{policy.name} (not evaluated; it can only limit access)"


def _levels(explanation: Explanation) -> Lines:
    if explanation.assigned:
        yield 0, "What it amounts to"
    else:
        yield 0, "What it would amount to; it is not assigned in any account"
    for level in explanation.levels:
        judgement = level.judgement
        privilege = judgement.privilege
        minimum = "" if judgement.certain else "at least "
        yield 1, f"{_where(level)}: {minimum}{privilege.name} ({privilege.words})"
        yield 2, _capitalized(judgement.reason)
    if explanation.everything is not None:
        yield from ((1, f"Decided by {line}") for line in _allowing(explanation.everything.sources))
    elif explanation.level_source is not None and not explanation.certain:
        yield from ((1, f"Decided by {line}") for line in _allowing([explanation.level_source]))


def _where(level: Level) -> str:
    kind = f"{level.kind.value} account" if level.kind else "account of an unknown kind"
    if not level.accounts:
        return f"In a {kind}"
    accounts = (
        f"In {level.accounts:,} {kind.replace('account', 'account' if level.accounts == 1 else 'accounts')}"
    )
    people = f"{level.people:,} {'person' if level.people == 1 else 'people'}"
    if level.groups_unread:
        people = f"at least {people} (members not read of {_count(level.groups_unread, 'group')})"
    return f"{accounts}, for {people}"


def _certain(explanation: Explanation) -> Lines:
    if explanation.certain:
        yield 0, "Paths to more access that need only these permissions"
        yield from _paths(explanation.certain)
    elif explanation.everything is None:
        yield 0, "Paths to more access that need only these permissions: none"


def _possible(explanation: Explanation) -> Lines:
    if explanation.possible:
        yield 0, "Possible paths: they also need something that must exist already"
        yield from _paths(explanation.possible)


def _paths(paths: Iterable[FoundPath]) -> Lines:
    """Yield each path in words, and below it the actions and the statements that allow it.

    Paths of the same words are alternatives, and so are those that the same statements allow.
    """
    by_words: dict[tuple[Privilege, str], list[FoundPath]] = {}
    for found in paths:
        by_words.setdefault((found.path.leads_to, found.words), []).append(found)
    previous: list[str] = []
    for (privilege, words), alternatives in by_words.items():
        accounts = alternatives[0].path.accounts
        where = "" if accounts == EVERYWHERE else f", only in {_kinds(accounts)}"
        yield 1, f"- {_capitalized(words)} ({privilege.name}{where})"
        for _, same in groupby(sorted(alternatives, key=_statements), _statements):
            listed = list(same)
            yield 2, ", or ".join(found.actions for found in listed)
            allowing = _allowing(source for found in listed for source in found.allowance.sources)
            if allowing == previous:
                yield 2, f"by the same statement{'' if len(allowing) == 1 else 's'}"
            else:
                yield from ((2, f"by {line}") for line in allowing)
            previous = allowing


def _statements(found: FoundPath) -> list[tuple[str, int]]:
    return sorted({(source.policy, source.statement.written.number) for source in found.allowance.sources})


def _allowing(sources: Iterable[Source]) -> list[str]:
    """Return each statement in words, with the patterns that allow the actions of all its sources."""
    by_statement: dict[tuple[str, int], list[Source]] = {}
    for source in sources:
        by_statement.setdefault((source.policy, source.statement.written.number), []).append(source)
    return [_statement(same) for same in by_statement.values()]


def _statement(sources: Sequence[Source]) -> str:
    """Return where a statement is, and what it says, in the patterns that are about the sources' actions."""
    source = sources[0]
    statement, written = source.statement, source.statement.written
    actions: Iterable[str] = written.actions
    if source.action:
        actions = dict.fromkeys(
            pattern for each in sources for pattern in statement.patterns_about(each.action.lower())
        )
    sid = f" ({written.sid})" if written.sid else ""
    except_ = "every action except " if statement.excludes_actions else ""
    resources = "every resource except " if statement.excludes_resources else ""
    where = f"{source.policy}, statement {written.number}{sid}"
    what = f"{except_}{_quoted(actions)} on {resources}{_quoted(written.resources)}"
    keys = f": {', '.join(written.condition_keys)}" if written.condition_keys else ""
    return f"{where}: {what}" + (f", under conditions{keys}" if statement.conditional else "")


def _quoted(patterns: Iterable[str]) -> str:
    listed = list(patterns)
    more = len(listed) - _MOST_PATTERNS
    shown = ", ".join(f'"{pattern}"' for pattern in listed[:_MOST_PATTERNS])
    return f"{shown} and {more} more" if more > 0 else shown


def _elsewhere(explanation: Explanation) -> Lines:
    """Yield the paths that count only in kinds of accounts in which it is not assigned, in words."""
    by_kinds: dict[frozenset[AccountKind], list[str]] = {}
    for found in explanation.elsewhere:
        by_kinds.setdefault(found.path.accounts, []).append(found.words)
    if by_kinds:
        yield 0, "What it could also do if it were assigned in other kinds of accounts"
    for kinds, words in by_kinds.items():
        yield 1, f"- In {_kinds(kinds)}: {'; '.join(dict.fromkeys(words))}"


def _kinds(kinds: frozenset[AccountKind]) -> str:
    names = " or ".join(kind.value for kind in AccountKind if kind in kinds)
    return f"a {names} account"


def _restrictions(explanation: Explanation) -> Lines:
    denied = [source for source in explanation.restrictions if not source.statement.allows]
    conditional = [source for source in explanation.restrictions if source.statement.allows]
    if denied:
        yield 0, "Denied"
    for source in denied:
        ignored = " (does not lower the level: its conditions may not be met)"
        yield 1, f"- {_statement([source])}{ignored if source.statement.conditional else ''}"
    if conditional:
        yield 0, "Allowed only under conditions"
    for source in conditional:
        yield 1, f"- {_statement([source])}"


def _unread(explanation: Explanation) -> Lines:
    if explanation.unread:
        yield 0, "Not read, and could raise the level"
        yield from ((1, f"- {what}") for what in explanation.unread)
    if explanation.assignments_unread:
        yield 0, "Not read, and could add accounts or people"
        yield from ((1, f"- {what}") for what in explanation.assignments_unread)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _capitalized(words: str) -> str:
    return words[:1].upper() + words[1:]
