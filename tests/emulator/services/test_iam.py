"""Tests of IAM: AWS managed policies, their documents, and errors in XML."""

import json
from dataclasses import replace
from typing import Any

import pytest
from botocore.parsers import ResponseParserError

from sso_batch.emulator import Emulator, Fault, Limits, Rate, World, audit_role, demo_world
from sso_batch.emulator.faults import FaultKind
from sso_batch.emulator.world import AccessKey, ManagedPolicy
from sso_batch.emulator.world.managed_policies import aws_managed_policies
from tests.emulator.client import ExpectedError, Keys, assume, client, keys_of
from tests.emulator.conftest import ManualClock

BILLING = "arn:aws:iam::aws:policy/job-function/Billing"
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"


def served(emulator: Emulator) -> Any:  # noqa: ANN401 - botocore has no types
    """Return a client of IAM with the audit role."""
    return client(emulator, "iam", assume(emulator))


def bodies_of(asking: Any) -> list[bytes]:  # noqa: ANN401 - likewise
    """Return a list that the bodies of all answers are added to."""
    bodies: list[bytes] = []
    asking.meta.events.register(
        "before-parse", lambda response_dict, **_: bodies.append(response_dict["body"])
    )
    return bodies


def test_a_policy_leads_to_its_document(emulator: Emulator, auditor: Keys) -> None:
    """GetPolicy names the default version, and GetPolicyVersion has its document, which botocore decodes."""
    asking = client(emulator, "iam", auditor)

    policy = asking.get_policy(PolicyArn=BILLING)["Policy"]
    version = asking.get_policy_version(PolicyArn=BILLING, VersionId=policy["DefaultVersionId"])[
        "PolicyVersion"
    ]

    published = aws_managed_policies()["job-function/Billing"]
    assert (policy["PolicyName"], policy["Path"], policy["Arn"]) == ("Billing", "/job-function/", BILLING)
    assert (policy["AttachmentCount"], policy["IsAttachable"]) == (0, True)
    assert policy["CreateDate"] < policy["UpdateDate"] == version["CreateDate"]
    assert (version["VersionId"], version["IsDefaultVersion"]) == (published.version_id, True)
    assert version["Document"] == json.loads(published.document)


@pytest.mark.parametrize("name", aws_managed_policies())
def test_every_policy_of_the_file_is_served(name: str, emulator: Emulator, auditor: Keys) -> None:
    """Each has a version, and a document with statements."""
    arn = f"arn:aws:iam::aws:policy/{name}"
    asking = client(emulator, "iam", auditor)

    policy = asking.get_policy(PolicyArn=arn)["Policy"]
    version = asking.get_policy_version(PolicyArn=arn, VersionId=policy["DefaultVersionId"])["PolicyVersion"]

    assert f"{policy['Path']}{policy['PolicyName']}" == f"/{name}"
    assert version["Document"]["Statement"]


def test_a_document_is_percent_encoded(emulator: Emulator, auditor: Keys) -> None:
    """Only the unreserved characters of RFC 3986 are sent as they are."""
    asking = client(emulator, "iam", auditor)
    bodies = bodies_of(asking)

    asking.get_policy_version(PolicyArn=ADMIN, VersionId="v1")

    text = bodies[0].decode().partition("<Document>")[2].partition("</Document>")[0]
    assert text.startswith("%7B%0A%20%20%20%20%22Version%22%3A%20%222012-10-17%22%2C")
    assert "%2A" in text
    assert b"<IsDefaultVersion>true</IsDefaultVersion>" in bodies[0]


def test_the_world_adds_replaces_and_removes_policies(world: World) -> None:
    """All other policies stay those of AWS."""
    changed = replace(
        world,
        managed_policies={
            "ReadOnlyAccess": ManagedPolicy('{"Statement": ', "v200", "2026-11-01T00:00:00Z"),
            "service-role/New": ManagedPolicy("{}"),
            "AdministratorAccess": None,
        },
    )
    with Emulator(changed, limits=Limits.off()) as emulator:
        asking = served(emulator)
        replaced = "arn:aws:iam::aws:policy/ReadOnlyAccess"
        assert asking.get_policy(PolicyArn=replaced)["Policy"]["DefaultVersionId"] == "v200"
        broken = asking.get_policy_version(PolicyArn=replaced, VersionId="v200")["PolicyVersion"]
        added = asking.get_policy(PolicyArn="arn:aws:iam::aws:policy/service-role/New")["Policy"]
        with ExpectedError() as removed:
            asking.get_policy(PolicyArn=ADMIN)
        asking.get_policy(PolicyArn=BILLING)

    assert broken["Document"] == "%7B%22Statement%22%3A%20"
    assert (added["Path"], added["PolicyName"], added["DefaultVersionId"]) == ("/service-role/", "New", "v1")
    assert removed.code == "NoSuchEntity"


def test_the_file_is_read_at_first_use() -> None:
    """A world and an emulator do not need it."""
    aws_managed_policies.cache_clear()
    with Emulator(demo_world()) as emulator:
        before = aws_managed_policies.cache_info().currsize
        client(emulator, "iam").get_policy(PolicyArn=ADMIN)

    assert (before, aws_managed_policies.cache_info().currsize) == (0, 1)


def test_policies_are_in_the_partition_of_the_caller(world: World) -> None:
    """A policy of another partition is refused."""
    key = AccessKey("AKIAEXAMPLE", "secret", "arn:aws-cn:iam::000001000000:user/admin")
    with Emulator(World(world.organizations, (key,))) as emulator:
        asking = client(emulator, "iam", keys_of(key), region="cn-north-1")
        own = asking.get_policy(PolicyArn=ADMIN.replace("aws:iam", "aws-cn:iam"))["Policy"]
        with ExpectedError() as refused:
            asking.get_policy(PolicyArn=ADMIN)

    assert own["Arn"] == "arn:aws-cn:iam::aws:policy/AdministratorAccess"
    assert (refused.code, refused.status, refused.message) == (
        "ValidationError",
        400,
        "Invalid ARN partition",
    )


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("get_policy", {"PolicyArn": "arn:aws:iam::aws:policy/NoSuchPolicy"}),
        ("get_policy", {"PolicyArn": "arn:aws:iam::aws:policy/Billing"}),
        ("get_policy", {"PolicyArn": "arn:aws:iam::000001000000:policy/AdministratorAccess"}),
        ("get_policy_version", {"PolicyArn": "arn:aws:iam::aws:policy/NoSuchPolicy", "VersionId": "v1"}),
        ("get_policy_version", {"PolicyArn": ADMIN, "VersionId": "v2"}),
    ],
)
def test_what_does_not_exist_is_no_such_entity(
    operation: str, request_: dict[str, str], emulator: Emulator, auditor: Keys
) -> None:
    """Unknown policies, paths, versions and customer managed policies have the code and status of IAM."""
    asking = client(emulator, "iam", auditor)
    with pytest.raises(asking.exceptions.NoSuchEntityException) as refused:
        getattr(asking, operation)(**request_)

    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
    assert request_["PolicyArn"] in str(refused.value)


@pytest.mark.parametrize(
    ("operation", "request_", "member"),
    [
        ("get_policy", {}, "PolicyArn"),
        ("get_policy", {"PolicyArn": "AdministratorAccess"}, "PolicyArn"),
        ("get_policy", {"PolicyArn": ""}, "PolicyArn"),
        ("get_policy", {"PolicyArn": "arn:aws:iam:us-east-1:aws:policy/AdministratorAccess"}, "PolicyArn"),
        ("get_policy", {"PolicyArn": "arn:aws:iam::aws:role/AdministratorAccess"}, "PolicyArn"),
        ("get_policy_version", {"VersionId": "v1"}, "PolicyArn"),
        ("get_policy_version", {"PolicyArn": ADMIN}, "VersionId"),
        ("get_policy_version", {"PolicyArn": ADMIN, "VersionId": "1"}, "VersionId"),
        ("get_policy_version", {"PolicyArn": ADMIN, "VersionId": "v0"}, "VersionId"),
    ],
)
def test_bad_requests_are_refused(
    operation: str, request_: dict[str, str], member: str, emulator: Emulator, auditor: Keys
) -> None:
    """The error names the member that is missing or wrong."""
    with ExpectedError() as refused:
        getattr(client(emulator, "iam", auditor), operation)(**request_)

    assert (refused.code, refused.status) == ("ValidationError", 400)
    assert f"at '{member}'" in refused.message


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"Action": "GetPolicy", "PolicyArn": ADMIN, "Marker": "x"}, "ValidationError"),
        ({"Action": "ListPolicies"}, "InvalidAction"),
        ({"Action": "GetCallerIdentity"}, "InvalidAction"),
    ],
)
def test_unknown_members_and_operations_are_refused(
    form: dict[str, str], code: str, emulator: Emulator, auditor: Keys
) -> None:
    """A form has only the members and operations of IAM."""
    asking = client(emulator, "iam", auditor)

    def replace_form(params: dict[str, Any], **_: object) -> None:
        params["body"] = {**form, "Version": "2010-05-08"}

    asking.meta.events.register("before-call", replace_form)
    with ExpectedError() as refused:
        asking.get_policy(PolicyArn=ADMIN)

    assert refused.code == code


def test_an_unknown_version_of_the_api_is_refused(emulator: Emulator, auditor: Keys) -> None:
    """The version of the form names the service."""
    asking = client(emulator, "iam", auditor)

    def change_version(params: dict[str, Any], **_: object) -> None:
        params["body"]["Version"] = "2009-01-01"

    asking.meta.events.register("before-call", change_version)
    with pytest.raises(ResponseParserError):
        asking.get_policy(PolicyArn=ADMIN)


@pytest.mark.parametrize(
    ("operation", "action", "request_"),
    [
        ("get_policy", "GetPolicy", {"PolicyArn": ADMIN}),
        ("get_policy_version", "GetPolicyVersion", {"PolicyArn": ADMIN, "VersionId": "v1"}),
    ],
)
@pytest.mark.parametrize("how", ["denied", "allowed"])
def test_a_role_needs_the_permission(
    operation: str, action: str, request_: dict[str, str], how: str, world: World
) -> None:
    """A denied action, and one that is not allowed, is AccessDenied with the resource of IAM."""
    role = audit_role(world.organizations[0], denied=(f"iam:{action}",) if how == "denied" else ())
    if how == "allowed":
        role = replace(role, allowed=("sso:ListInstances",))
    with Emulator(replace(world, roles=(role,))) as emulator, ExpectedError() as refused:
        getattr(served(emulator), operation)(**request_)

    account = world.organizations[0].management_account_id
    assert (refused.code, refused.status) == ("AccessDenied", 403)
    assert refused.message == (
        f"User: arn:aws:sts::{account}:assumed-role/SsoBatchAudit/audit is not authorized to perform: "
        f"iam:{action} on resource: policy {ADMIN} because no identity-based policy allows the iam:{action} "
        "action"
    )


def test_a_throttled_call_is_refused_and_counted(world: World, clock: ManualClock) -> None:
    """The code is Throttling with status 400; after a pause the call succeeds."""
    with Emulator(world, limits=replace(Limits.off(), iam=Rate(1, 1)), clock=clock) as emulator:
        asking = served(emulator)
        asking.get_policy(PolicyArn=ADMIN)
        with ExpectedError() as refused:
            asking.get_policy(PolicyArn=ADMIN)
        asking.get_policy_version(PolicyArn=ADMIN, VersionId="v1")
        clock.advance(1)
        asking.get_policy(PolicyArn=ADMIN)

        assert (refused.code, refused.message, refused.status) == ("Throttling", "Rate exceeded", 400)
        assert (emulator.calls["org-0", "GetPolicy"], emulator.calls["org-0", "GetPolicyVersion"]) == (3, 1)
        assert dict(emulator.throttled) == {("org-0", "GetPolicy"): 1}


@pytest.mark.parametrize(
    ("kind", "code", "status"),
    [
        ("throttle", "Throttling", 400),
        ("internal_error", "ServiceFailure", 500),
        ("unavailable", "ServiceUnavailable", 503),
        ("access_denied", "AccessDenied", 403),
        ("expired_token", "ExpiredToken", 403),
        ("not_found", "NoSuchEntity", 404),
    ],
)
def test_a_fault_can_be_an_error_response(kind: FaultKind, code: str, status: int, world: World) -> None:
    """The error has IAM's own code and affects only the fault's policy, once."""
    fault = Fault(kind, operation="GetPolicy", resource=ADMIN, times=1)
    with Emulator(world, limits=Limits.off(), faults=[fault]) as emulator:
        asking = served(emulator)
        asking.get_policy(PolicyArn=BILLING)
        with ExpectedError() as refused:
            asking.get_policy(PolicyArn=ADMIN)
        asking.get_policy(PolicyArn=ADMIN)

    assert (refused.code, refused.status) == (code, status)
    assert fault.injected == 1


def test_a_policy_can_be_deleted_between_two_calls(world: World) -> None:
    """A deleted policy stays deleted, and no other one is affected."""
    fault = Fault("deleted", operation="GetPolicyVersion", resource=ADMIN, times=1)
    with Emulator(world, limits=Limits.off(), faults=[fault]) as emulator:
        asking = served(emulator)
        asking.get_policy(PolicyArn=ADMIN)
        for _ in range(2):
            with ExpectedError() as refused:
                asking.get_policy_version(PolicyArn=ADMIN, VersionId="v1")
            assert refused.code == "NoSuchEntity"
        asking.get_policy(PolicyArn=BILLING)


@pytest.mark.parametrize("kind", ["truncated", "broken_json", "foreign_json", "no_object", "utf_32"])
def test_a_fault_can_make_the_answer_unreadable(kind: FaultKind, world: World) -> None:
    """The body is not XML."""
    with Emulator(world, limits=Limits.off(), faults=[Fault(kind, service="iam")]) as emulator:
        asking = served(emulator)
        with pytest.raises(ResponseParserError):
            asking.get_policy(PolicyArn=ADMIN)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("other_shape", b"<GetPolicyResult><Policy><member><PolicyName>"),
        ("error_document", b"<ErrorResponse><Error><Type>Receiver</Type><Code>InternalFailure</Code>"),
        ("empty_ids", b"<Arn></Arn>"),
        ("empty_ids", b"<DefaultVersionId></DefaultVersionId>"),
        ("other_question", b"<Arn>arn:aws:iam::aws:policy/AdministratorAcces0</Arn>"),
        ("byte_order_mark", b"\xef\xbb\xbf<GetPolicyResponse"),
    ],
)
def test_a_fault_can_distort_the_answer(kind: FaultKind, body: bytes, world: World) -> None:
    """The answer is XML of another shape, or about another policy."""
    with Emulator(world, limits=Limits.off(), faults=[Fault(kind, service="iam")]) as emulator:
        asking = served(emulator)
        bodies = bodies_of(asking)
        try:
            asking.get_policy(PolicyArn=ADMIN)
        except KeyError:  # botocore's own error for an answer without a result
            assert kind == "error_document"

    assert body in bodies[0]
