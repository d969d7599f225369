"""Which organizations of the configuration a run audits."""

from collections.abc import Sequence
from difflib import get_close_matches

from sso_batch.config import Organization
from sso_batch.errors import UsageError

_TAG = "tag:"
_MOST = 5  # names that a hint suggests


def select(
    organizations: Sequence[Organization], *, only: Sequence[str] = (), exclude: Sequence[str] = ()
) -> tuple[Organization, ...]:
    """Those that some `only` matches (all, without any) and no `exclude` does, in their order.

    A pattern is a name or `tag:KEY=VALUE`. Raises UsageError for one that matches nothing, which is most
    often a slip of the pen, and where nothing is left.
    """
    for option, patterns in (("--only", only), ("--exclude", exclude)):
        for pattern in patterns:
            if not any(_matches(pattern, one) for one in organizations):
                raise UsageError(
                    f"{option} {pattern} matches no organization of the configuration",
                    hint=_nearest(pattern, organizations),
                )
    chosen = tuple(
        one
        for one in organizations
        if (not only or any(_matches(pattern, one) for pattern in only))
        and not any(_matches(pattern, one) for pattern in exclude)
    )
    if not chosen:
        raise UsageError(
            "--only and --exclude together leave no organization",
            hint="take one of the two away",
        )
    return chosen


def _matches(pattern: str, organization: Organization) -> bool:
    if pattern.startswith(_TAG):
        key, _, value = pattern.removeprefix(_TAG).partition("=")
        return organization.tags.get(key) == value
    return organization.name == pattern


def _nearest(pattern: str, organizations: Sequence[Organization]) -> str:
    """Suggest the few names or tags that `pattern` most likely stands for."""
    tags = (f"{_TAG}{key}={value}" for one in organizations for key, value in one.tags.items())
    known = [one.name for one in organizations] + sorted(set(tags))
    near = get_close_matches(pattern.casefold(), known, n=_MOST)
    if near:
        return f"did you mean {' or '.join(near)}?"
    few = [one.name for one in organizations[:_MOST]]
    others = f" and {len(organizations) - _MOST} others" if len(organizations) > _MOST else ""
    return (
        f"write the name of an organization ({', '.join(few)}{others}), "
        "or tag:KEY=VALUE with a tag that an organization has"
    )
