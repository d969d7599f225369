"""AWS Security Token Service: caller identity and assumed roles."""

from datetime import UTC, datetime

from sso_batch.emulator.protocols import ErrorResponse, QueryProtocol, invalid
from sso_batch.emulator.request_validation import Pattern, WholeNumber
from sso_batch.emulator.service import Answer, Call, Service, validation_exception
from sso_batch.emulator.world import Role

_HOUR = 3600

STS = Service(
    name="sts",
    signing_name="sts",
    action_prefix="sts",
    protocol=QueryProtocol("https://sts.amazonaws.com/doc/2011-06-15/", frozenset({"DurationSeconds"})),
    rules={
        "RoleArn": Pattern(r"arn:[a-z0-9-]+:iam::\d{12}:role/[\w+=,.@/-]{1,512}"),
        "RoleSessionName": Pattern(r"[\w+=,.@-]{2,64}"),
        "DurationSeconds": WholeNumber(900, 12 * _HOUR),
        "ExternalId": Pattern(r"[\w+=,.@:/-]{2,1224}"),
    },
    invalid=validation_exception,
    resource=lambda call: call.request.get("RoleArn", "*"),
    throttled="ThrottlingException",
    internal="InternalFailure",
)


@STS.operation("AssumeRole", "RoleArn", "RoleSessionName", optional=("DurationSeconds", "ExternalId"))
def assume_role(call: Call) -> Answer:
    """Return credentials of a role if its trust policy names the caller and the external id matches."""
    role = call.roles.get(call.request["RoleArn"])
    if role is None or not _trusts(role, call):
        # AWS gives the same answer for an unknown role and one that does not trust the caller.
        raise ErrorResponse(
            "AccessDeniedException",
            f"User: {call.caller.arn} is not authorized to perform: sts:AssumeRole "
            f"on resource: {call.request['RoleArn']}",
        )
    seconds = call.request.get("DurationSeconds", _HOUR)
    if call.caller.role_arn and seconds > _HOUR:
        raise invalid(
            "The requested DurationSeconds exceeds the 1 hour session limit "
            "for roles assumed by role chaining"
        )
    if seconds > role.max_session_seconds:
        raise invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
    session_name = call.request["RoleSessionName"]
    session = call.authenticator.create_session(role, session_name, call.behaviour.session_seconds or seconds)
    expires_at = datetime.fromtimestamp(session.expires_at or 0, UTC)
    return {
        "Credentials": {
            "AccessKeyId": session.access_key_id,
            "SecretAccessKey": session.secret,
            "SessionToken": session.token,
            "Expiration": expires_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        },
        "AssumedRoleUser": {"AssumedRoleId": session.caller.user_id, "Arn": session.caller.arn},
    }


@STS.operation("GetCallerIdentity")
def get_caller_identity(call: Call) -> Answer:
    """Return the identity of the caller; no permission is needed."""
    caller = call.caller
    return {"Arn": caller.arn, "UserId": caller.user_id, "Account": caller.account_id}


def _trusts(role: Role, call: Call) -> bool:
    return call.caller.is_trusted_by(role) and role.external_id in (None, call.request.get("ExternalId"))
