"""The organizations of the configuration that a run audits."""

from collections.abc import Sequence
from difflib import get_close_matches

from sso_batch.config import Organization
from sso_batch.errors import UsageError

_TAG = "tag:"
_MOST = 5  # names in a hint


def select(
    organizations: Sequence[Organization], *, only: Sequence[str] = (), exclude: Sequence[str] = ()
) -> tuple[Organization, ...]:
    """Return those that an `only` pattern matches, or all without any, and no `exclude` pattern does.

    They keep their order. A pattern is a name or `tag:KEY=VALUE`. Raises UsageError for a pattern that
    matches nothing, usually a typing error, and where no organization is left.
    """
    for option, patterns in (("--only", only), ("--exclude", exclude)):
        for pattern in patterns:
            if not any(_matches(pattern, organization) for organization in organizations):
                raise UsageError(
                    f"{option} {pattern} matches no organization of the configuration",
                    hint=_nearest(pattern, organizations),
                )
    chosen = tuple(
        organization
        for organization in organizations
        if (not only or any(_matches(pattern, organization) for pattern in only))
        and not any(_matches(pattern, organization) for pattern in exclude)
    )
    if not chosen:
        raise UsageError(
            "--only and --exclude together leave no organization",
            hint="remove one of the two options",
        )
    return chosen


def _matches(pattern: str, organization: Organization) -> bool:
    if pattern.startswith(_TAG):
        key, _, value = pattern.removeprefix(_TAG).partition("=")
        return organization.tags.get(key) == value
    return organization.name == pattern


def _nearest(pattern: str, organizations: Sequence[Organization]) -> str:
    """Return a hint with the names or tags that `pattern` most likely means."""
    names = [organization.name for organization in organizations]
    tags = {
        f"{_TAG}{key}={value}" for organization in organizations for key, value in organization.tags.items()
    }
    known = names + sorted(tags)
    near = get_close_matches(pattern.casefold(), known, n=_MOST)
    if near:
        return f"did you mean {' or '.join(near)}?"
    others = f" and {len(names) - _MOST} others" if len(names) > _MOST else ""
    return (
        f"write the name of an organization ({', '.join(names[:_MOST])}{others}), "
        "or tag:KEY=VALUE with a tag that an organization has"
    )
