"""The check that compares the organizations of a run: the same person is administrator in several. Pure."""

from collections.abc import Iterator

from sso_batch.model import USER, Principal
from sso_batch.review.people import address
from sso_batch.review.rules import Rules
from sso_batch.review.snapshot_index import Facts, Hit, Hole


def admins_with_email(facts: Facts, _: Rules) -> Iterator[Hit | Hole]:
    """Every administrator of one organization who has an email address: a finding for those of several.

    Addresses are compared as `people.address` has them. A user without one cannot be recognized elsewhere.
    """
    for user_id in sorted(facts.admins):
        user = facts.users.get(user_id)
        if user is not None and address(user.email):
            yield Hit("is administrator in several organizations: ", Principal(USER, user_id))
    yield from facts.unread_admins()
    yield from facts.unread_holders()
