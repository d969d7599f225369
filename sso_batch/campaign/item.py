"""The unit of decision: one assignment or one membership, with what its reviewer must know. Pure."""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any, Self

from sso_batch.model import Grant
from sso_batch.run_files.columns import ATTRIBUTES

ASSIGNMENT = "assignment"
MEMBERSHIP = "membership"

_ID_LENGTH = 16  # hex digits: enough for hundreds of millions of items


@dataclass(frozen=True, slots=True)
class Item:
    """One assignment or membership; every value is a text of `population.csv`.

    `attributes` has the values of the attributes that the run reads of users, in the order of the columns.
    From `principal_type` on, the values identify what is revoked; sheets do not have them.
    """

    id: str
    kind: str
    reviewer: str
    who: str
    what: str
    where: str
    privilege: str
    findings: str
    change: str
    through: str
    people: str
    accounts: str
    since: str
    assigned_by: str
    last_sign_in: str
    first_seen: str
    user_email: str
    attributes: tuple[str, ...]
    organization: str
    account_id: str
    account_path: str
    user_status: str
    principal_state: str
    privilege_reason: str
    privilege_unread: str
    change_detail: str
    reviewer_rule: str
    principal_type: str
    principal_id: str
    group_id: str
    permission_set_arn: str
    role_arn: str
    membership_id: str
    managed_by: str
    fingerprint: str

    @property
    def cells(self) -> tuple[str, ...]:
        """The values of all columns, in the order of `columns_of`."""
        values = _values(self)
        return (*values[:_ATTRIBUTES], *self.attributes, *values[_ATTRIBUTES + 1 :])

    @classmethod
    def of_cells(cls, cells: Sequence[str]) -> Self:
        """Return the item of a line of `population.csv`, whose columns are those of `columns_of`."""
        end = len(cells) - len(_FIELDS) + _ATTRIBUTES + 1
        values: list[Any] = [*cells[:_ATTRIBUTES], tuple(cells[_ATTRIBUTES:end]), *cells[end:]]
        return cls(*values)

    @property
    def is_about_one_user(self) -> bool:
        """Whether it names a user: a membership, or an assignment to a user."""
        return self.principal_type == "USER"


_FIELDS = tuple(field.name for field in fields(Item))
_values: Callable[[Item], tuple[Any, ...]] = attrgetter(*_FIELDS)
_ATTRIBUTES = _FIELDS.index("attributes")
_RECORD = _FIELDS.index("principal_type")


def _column(name: str) -> str:
    return "Item" if name == "id" else "".join(word.capitalize() for word in name.split("_"))


_COLUMNS = tuple(map(_column, _FIELDS))


def columns_of(people: Iterable[str]) -> tuple[str, ...]:
    """Return the columns of `population.csv` in a campaign whose run reads these attributes of users."""
    attributes = (ATTRIBUTES[name] for name in people)
    return (*_COLUMNS[:_ATTRIBUTES], *attributes, *_COLUMNS[_ATTRIBUTES + 1 :])


def facts_of(people: Sequence[str]) -> tuple[str, ...]:
    """Return the columns of a sheet that its reviewer must not change."""
    return columns_of(people)[: _RECORD - 1 + len(people)]


def assignment_id(instance_arn: str, grant: Grant) -> str:
    """Return the id of an assignment: the same in every campaign."""
    principal = grant.principal
    target = grant.permission_set_arn or grant.role_arn
    return _item_id("a", instance_arn, grant.account_id, target, principal.type, principal.id)


def membership_id(identity_store_id: str, group_id: str, user_id: str) -> str:
    """Return the id of a membership: the same in every campaign."""
    return _item_id("m", identity_store_id, group_id, user_id)


def _item_id(kind: str, *parts: str) -> str:
    """Return an id that no spreadsheet takes for a number, a date or a formula."""
    digest = hashlib.sha256(json.dumps([kind, *parts]).encode()).hexdigest()
    return f"{kind}x{digest[:_ID_LENGTH]}"
