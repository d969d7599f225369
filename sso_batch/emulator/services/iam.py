"""AWS Identity and Access Management: the documents of AWS managed policies."""

from functools import lru_cache
from urllib.parse import quote

from sso_batch.emulator.protocols import ErrorResponse, QueryProtocol, invalid
from sso_batch.emulator.request_validation import Pattern
from sso_batch.emulator.service import Answer, Call, Service, validation_exception
from sso_batch.emulator.world import ManagedPolicy
from sso_batch.emulator.world.identifiers import digest
from sso_batch.emulator.world.managed_policies import aws_managed_policies

_INTRODUCED = "2015-02-06T18:39:46Z"
"""When AWS introduced managed policies; the policies in the file have no creation date of their own."""

IAM = Service(
    name="iam",
    signing_name="iam",
    action_prefix="iam",
    protocol=QueryProtocol("https://iam.amazonaws.com/doc/2010-05-08/"),
    rules={
        "PolicyArn": Pattern(r"arn:[a-z0-9-]+:iam::(?:aws|\d{12}):policy(?:/[\w+=,.@-]{1,512}){1,16}"),
        "VersionId": Pattern(r"v[1-9][0-9]*(?:\.[A-Za-z0-9-]*)?"),
    },
    invalid=validation_exception,
    resource=lambda call: f"policy {call.request.get('PolicyArn', '')}",
    internal="ServiceFailure",
)


@IAM.operation("GetPolicy", "PolicyArn")
def get_policy(call: Call) -> Answer:
    """Describe a policy; only AWS managed policies exist."""
    name, policy = _find(call)
    path, _, plain_name = f"/{name}".rpartition("/")
    return {
        "Policy": {
            "PolicyName": plain_name,
            "PolicyId": f"ANPA{digest(17, 'managed policy', name).upper()}",
            "Arn": call.request["PolicyArn"],
            "Path": f"{path}/",
            "DefaultVersionId": policy.version_id,
            "AttachmentCount": 0,
            "PermissionsBoundaryUsageCount": 0,
            "IsAttachable": True,
            "CreateDate": min(_INTRODUCED, policy.created_at),
            "UpdateDate": policy.created_at,
        }
    }


@IAM.operation("GetPolicyVersion", "PolicyArn", "VersionId")
def get_policy_version(call: Call) -> Answer:
    """Return the document of a policy's version, URL-encoded; only the default version exists."""
    _, policy = _find(call)
    version_id = call.request["VersionId"]
    if version_id != policy.version_id:
        raise _no_such_entity(f"Policy {call.request['PolicyArn']} version {version_id} was not found.")
    return {
        "PolicyVersion": {
            "Document": _url_encoded(policy.document),
            "VersionId": version_id,
            "IsDefaultVersion": True,
            "CreateDate": policy.created_at,
        }
    }


@lru_cache(maxsize=64)
def _url_encoded(document: str) -> str:
    """Return a document as IAM does; some have 80,000 characters, of which each is looked at."""
    return quote(document, safe="")


def _find(call: Call) -> tuple[str, ManagedPolicy]:
    """Return the name with path of the requested policy, and the policy."""
    arn = call.request["PolicyArn"]
    _, partition, _, _, owner, resource = arn.split(":")
    if partition != call.caller.partition:
        raise invalid("Invalid ARN partition")
    name = resource.removeprefix("policy/")
    overrides = call.managed_policies
    policy = overrides[name] if name in overrides else aws_managed_policies().get(name)
    if owner != "aws" or policy is None:
        raise _no_such_entity(f"Policy {arn} was not found.")
    return name, policy


def _no_such_entity(message: str) -> ErrorResponse:
    return ErrorResponse("NoSuchEntity", message, status=404)
