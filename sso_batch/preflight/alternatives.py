"""The calls that a run replaces by others, so that their denial causes no gap."""

from collections.abc import Mapping

from sso_batch.aws import operations
from sso_batch.aws.operations import Operation
from sso_batch.aws.permission_probe import FirstPages
from sso_batch.collect.ou_paths import describing_is_faster

BY_PAIR = "the strategy fastest then lists assignments by account and permission set"


def alternatives(listed: Mapping[Operation, FirstPages]) -> dict[Operation, str]:
    """Return what a run does instead, for each call that it does not need.

    Only what the listings prove is included: if there are further pages, a run may still need the call.
    """
    return _for_provisioned_pairs(listed) | _for_account_paths(listed)


def _for_provisioned_pairs(listed: Mapping[Operation, FirstPages]) -> dict[Operation, str]:
    """Return the unneeded call: a run lists by permission set or by account, whichever are fewer."""
    sets, accounts = listed.get(operations.LIST_PERMISSION_SETS), listed.get(operations.LIST_ACCOUNTS)
    if sets is None or accounts is None:
        return {}
    if not sets.more and len(sets.ids) <= len(accounts.ids):
        return {
            operations.LIST_PERMISSION_SETS_PROVISIONED_TO_ACCOUNT: "a run lists the accounts of each "
            "permission set as long as there are not more permission sets than accounts"
        }
    if not accounts.more and len(accounts.ids) < len(sets.ids):
        return {
            operations.LIST_ACCOUNTS_FOR_PROVISIONED_PERMISSION_SET: "a run lists the permission sets of "
            "each account as long as there are fewer accounts than permission sets"
        }
    return {}


def _for_account_paths(listed: Mapping[Operation, FirstPages]) -> dict[Operation, str]:
    """Return the calls that are not needed to name the OUs: by unit, by parent, or along the whole tree."""
    accounts = listed.get(operations.LIST_ACCOUNTS)
    if accounts is None or not accounts.parents:
        return {}
    if None in accounts.parents:
        return {operations.DESCRIBE_ORGANIZATIONAL_UNIT: "a run walks the tree of organizational units"}
    instead = {operations.LIST_ACCOUNTS_FOR_PARENT: "ListAccounts returns the path of each account"}
    if accounts.more:
        return instead
    paths = [ids for ids in accounts.parents if ids is not None]
    units = {id_ for ids in paths for id_ in ids[1:]}
    parents = {id_ for ids in paths for id_ in ids[:-1]}
    describe, list_ = operations.DESCRIBE_ORGANIZATIONAL_UNIT, operations.LIST_ORGANIZATIONAL_UNITS_FOR_PARENT
    if not units:
        return instead | dict.fromkeys((describe, list_), "no account is in an organizational unit")
    if describing_is_faster(len(units), len(parents)):
        return instead | {list_: "a run describes each organizational unit"}
    return instead | {describe: "a run lists the organizational units of each parent"}
