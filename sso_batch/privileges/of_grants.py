"""What each grant of a snapshot amounts to: the privilege of its permission set in its account. Pure."""

from dataclasses import replace

from sso_batch.model import IAM_ROLE, Grant, PermissionSet, Snapshot
from sso_batch.privileges.judgement import Judgement, PermissionSetPolicies
from sso_batch.privileges.paths import AccountKind, Privilege

_ROLE = Judgement(Privilege.NONE, unread=("policies of the IAM role",), certain=False)
_UNKNOWN_ACCOUNT = "whether the account manages Identity Center"


class Privileges:
    """The privileges of one organization's grants; each permission set is evaluated once."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._documents = {policy.arn: policy.document for policy in snapshot.policy_documents}
        self._permission_sets = {each.arn: each for each in snapshot.permission_sets}
        self._policies: dict[str, PermissionSetPolicies] = {}
        self._judged: dict[tuple[str, AccountKind | None], Judgement] = {}

    def of(self, grant: Grant) -> Judgement:
        """Return what a grant amounts to. The policies of an entitlement's role are not read."""
        if grant.access_type == IAM_ROLE:
            return _ROLE
        key = grant.permission_set_arn, self.kind_of(grant.account_id)
        if key not in self._judged:
            self._judged[key] = self._judge(*key)
        return self._judged[key]

    def kind_of(self, account_id: str) -> AccountKind | None:
        """Return what an account is to Identity Center; None if that was not read."""
        management = self._snapshot.instance.management_account_id
        delegated = self._snapshot.delegated_administrators
        if account_id == management:
            return AccountKind.MANAGEMENT
        if delegated is not None and account_id in delegated:
            return AccountKind.DELEGATED_ADMINISTRATOR
        return None if management is None or delegated is None else AccountKind.MEMBER

    def policies_of(self, arn: str) -> PermissionSetPolicies:
        """Return the policies of a permission set, evaluated; they are unread if it was not read."""
        if arn not in self._policies:
            permission_set = self._permission_sets.get(arn) or PermissionSet(arn)
            self._policies[arn] = PermissionSetPolicies(permission_set, self._documents)
        return self._policies[arn]

    def _judge(self, arn: str, kind: AccountKind | None) -> Judgement:
        policies = self.policies_of(arn)
        if kind is not None:
            return policies.judge(kind)
        possible = [policies.judge(each) for each in AccountKind]
        least = min(possible, key=lambda judgement: judgement.privilege)
        if all(judgement.privilege == least.privilege for judgement in possible):
            return least
        return replace(least, unread=(*least.unread, _UNKNOWN_ACCOUNT), certain=False)
