"""The CloudTrail events of IAM Identity Center: who assigned what, and who signed in.

Until 2025-07-14 a person in such an event was of the type `Unknown` and had a name; now it is an
`IdentityCenterUser` with an id. Sources: AWS Security Blog, "Important changes to CloudTrail events for AWS
IAM Identity Center"; IAM Identity Center User Guide, "Example events for IAM Identity Center sign-in
scenarios", also in its version of 2022; for assignments and AddMemberToGroup, recorded events of 2023.
"""

from collections.abc import Mapping
from typing import Any, Literal

from sso_batch.emulator.world.builder import OrganizationBuilder
from sso_batch.emulator.world.identifiers import digest, plain_uuid
from sso_batch.emulator.world.records import Event, PrincipalType

Identity = Mapping[str, Any]
"""The `userIdentity` of an event."""

Membership = Literal[
    "AddMemberToGroup", "RemoveMemberFromGroup", "CreateGroupMembership", "DeleteGroupMembership"
]

_SOURCES = {
    "AddMemberToGroup": "sso-directory.amazonaws.com",
    "RemoveMemberFromGroup": "sso-directory.amazonaws.com",
    "CreateGroupMembership": "identitystore.amazonaws.com",
    "DeleteGroupMembership": "identitystore.amazonaws.com",
}


class History:
    """The history of an organization: each method records one event in it.

    `account_id` is the account whose history has the event, by default the management account: a delegated
    administrator's calls are in the history of its own account. `error` is the code of a call that failed.
    """

    def __init__(self, builder: OrganizationBuilder) -> None:
        self._builder = builder

    def role(self, name: str, session: str, *, account_id: str = "") -> Identity:
        """Return the identity of a role's session."""
        account = account_id or self._builder.management_account_id
        partition, role_id = self._builder.partition, f"AROA{digest(17, account, name).upper()}"
        return {
            "type": "AssumedRole",
            "principalId": f"{role_id}:{session}",
            "arn": f"arn:{partition}:sts::{account}:assumed-role/{name}/{session}",
            "accountId": account,
            "sessionContext": {
                "sessionIssuer": {
                    "type": "Role",
                    "principalId": role_id,
                    "arn": f"arn:{partition}:iam::{account}:role/{name}",
                    "accountId": account,
                    "userName": name,
                }
            },
        }

    def iam_user(self, name: str) -> Identity:
        """Return the identity of an IAM user of the management account."""
        account = self._builder.management_account_id
        return {
            "type": "IAMUser",
            "principalId": f"AIDA{digest(17, account, name).upper()}",
            "arn": f"arn:{self._builder.partition}:iam::{account}:user/{name}",
            "accountId": account,
            "userName": name,
        }

    def root(self) -> Identity:
        """Return the identity of the management account's root user."""
        account = self._builder.management_account_id
        return {
            "type": "Root",
            "principalId": account,
            "arn": f"arn:{self._builder.partition}:iam::{account}:root",
            "accountId": account,
        }

    def service(self, name: str) -> Identity:
        """Return the identity of an AWS service."""
        return {"type": "AWSService", "invokedBy": name}

    def person(self, user_name: str, *, old: bool = False) -> Identity:
        """Return the identity of a user of Identity Center, of the old or the new generation."""
        account = self._builder.management_account_id
        if old:
            return {
                "type": "Unknown",
                "principalId": account,
                "arn": "",
                "accountId": account,
                "accessKeyId": "",
                "userName": user_name,
            }
        store = (
            f"arn:{self._builder.partition}:identitystore::{account}:identitystore/{self._builder.store_id}"
        )
        return {
            "type": "IdentityCenterUser",
            "arn": "",
            "accountId": account,
            "accessKeyId": "",
            "onBehalfOf": {
                "userId": self._builder.principal_id("USER", user_name),
                "identityStoreArn": store,
            },
            "credentialId": plain_uuid(user_name, "credential"),
        }

    def assigned(  # noqa: PLR0913 - what an event names
        self,
        at: float,
        by: Identity,
        permission_set: str,
        kind: PrincipalType,
        principal: str,
        target: str,
        *,
        removed: bool = False,
        account_id: str = "",
        error: str = "",
    ) -> None:
        """Record the assignment of a permission set in the account `target`, or its removal."""
        builder = self._builder
        parameters = {
            "instanceArn": builder.instance_arn,
            "targetId": target,
            "targetType": "AWS_ACCOUNT",
            "permissionSetArn": builder.permission_set_arn(permission_set),
            "principalType": kind,
            "principalId": builder.principal_id(kind, principal),
        }
        status = "accountAssignmentDeletionStatus" if removed else "accountAssignmentCreationStatus"
        self._record(
            "DeleteAccountAssignment" if removed else "CreateAccountAssignment",
            "sso.amazonaws.com",
            at,
            by,
            account_id,
            parameters,
            {status: {"status": "IN_PROGRESS", **parameters}},
            error,
        )

    def member(
        self,
        at: float,
        by: Identity,
        name: Membership,
        group: str,
        user_name: str,
        *,
        account_id: str = "",
        error: str = "",
    ) -> None:
        """Record that a user was added to a group or removed from it.

        The console makes the first two events, the API of the identity store the others; its deletion names
        only the membership.
        """
        group_id = self._builder.principal_id("GROUP", group)
        user_id = self._builder.principal_id("USER", user_name)
        membership_id = plain_uuid(group_id, user_id)
        parameters: dict[str, Any] = {"identityStoreId": self._builder.store_id}
        match name:
            case "AddMemberToGroup" | "RemoveMemberFromGroup":
                parameters |= {"groupId": group_id, "member": {"memberId": user_id}}
            case "CreateGroupMembership":
                parameters |= {"groupId": group_id, "memberId": {"userId": user_id}}
            case "DeleteGroupMembership":
                parameters |= {"membershipId": membership_id}
        created = {"identityStoreId": self._builder.store_id, "membershipId": membership_id}
        elements = created if name == "CreateGroupMembership" else None
        self._record(name, _SOURCES[name], at, by, account_id, parameters, elements, error)

    def signed_in(self, at: float, user_name: str, *, old: bool = False, failed: bool = False) -> None:
        """Record a sign-in to the access portal, in the history of the management account."""
        additional = {
            "AuthWorkflowID": plain_uuid(user_name, str(at)),
            "LoginTo": f"https://{self._builder.store_id}.awsapps.com/start/",
            "CredentialType": "EXTERNAL_IDP",
        }
        detail = {
            "userIdentity": self.person(user_name, old=old),
            "requestParameters": None,
            "responseElements": None,
            "additionalEventData": additional if old else {**additional, "UserName": user_name},
            "eventType": "AwsServiceEvent",
            "serviceEventDetails": {"UserAuthentication": "Failure" if failed else "Success"},
        }
        self.other("UserAuthentication", "signin.amazonaws.com", at, detail)

    def other(
        self, name: str, source: str, at: float, detail: Mapping[str, Any] | str, *, account_id: str = ""
    ) -> None:
        """Record any other event."""
        builder = self._builder
        account = account_id or builder.management_account_id
        builder.record(Event(name, source, int(at), account, builder.region, detail))

    def _record(
        self,
        name: str,
        source: str,
        at: float,
        by: Identity,
        account_id: str,
        parameters: Mapping[str, Any],
        elements: Mapping[str, Any] | None,
        error: str,
    ) -> None:
        detail = {
            "userIdentity": by,
            "requestParameters": parameters,
            "responseElements": None if error else elements,
            "eventType": "AwsApiCall",
            **({"errorCode": error} if error else {}),
        }
        self.other(name, source, at, detail, account_id=account_id)
