"""The JSON Schema of a snapshot's records, for programs that read them, made from the records themselves."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, get_type_hints

from sso_batch.coverage import NotExamined
from sso_batch.model import (
    Action,
    EndpointOverride,
    ExternalId,
    GapKind,
    Instance,
    ListingStrategy,
    Member,
    Principal,
    Snapshot,
)
from sso_batch.run_files.snapshot import KINDS, OPTIONAL, SCHEMA, fields_in_file

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_TYPES: Mapping[object, Schema] = {
    str: _TEXT,
    str | None: {"type": ["string", "null"]},
    bool: {"type": "boolean"},
    bool | None: {"type": ["boolean", "null"]},
    Action: {"enum": [action.value for action in Action]},
    tuple[tuple[str, str], ...]: {"type": "object", "additionalProperties": _TEXT},
    GapKind: {"enum": [kind.value for kind in GapKind]},
    ListingStrategy | None: {"enum": [*(listing.value for listing in ListingStrategy), None]},
    datetime: {"type": "string", "format": "date-time"},
    tuple[str, ...]: {"type": "array", "items": _TEXT},
    tuple[EndpointOverride, ...]: {"type": "array", "items": _TEXT},
    tuple[NotExamined, ...]: {"type": "array", "items": _TEXT},
    tuple[str, ...] | None: {"type": ["array", "null"], "items": _TEXT},
}

_NESTED: Mapping[object, type] = {tuple[ExternalId, ...]: ExternalId, tuple[Member, ...]: Member}
"""Records inside of others."""

_HEAD: Schema = {"schema": {"const": SCHEMA}, "name": _TEXT}
_NOT_IN_HEAD = {"organization", "instance", *(field for _, _, field in KINDS)}

_ADDED = {"listing"}
"""Properties that snapshots of earlier versions lack."""

_WHAT = {
    "organization": "The first record: the organization, and how and when it was read.",
    "user": "A user of the identity store.",
    "group": "A group of the identity store.",
    "membership": "All members of one group with an assignment; otherwise they were not read.",
    "missing": "A user or group that a record refers to and that no longer exists.",
    "account": "An account of the organization.",
    "permission_set": "A permission set. Null means not read; empty means that AWS has no value.",
    "policy": "The document of an AWS managed policy that a permission set has.",
    "grant": "An account assignment, or an account-access entitlement to an IAM role.",
    "gap": "Something that could not be read, which makes the snapshot incomplete.",
    "outdated": "An account with an outdated version of a permission set.",
    "application": "An application of IAM Identity Center.",
    "application_assignment": "An assignment of a user or group to an application.",
    "lookup": "A time span in which every event of one name is known.",
    "assignment_event": "The creation or deletion of an account assignment, as CloudTrail recorded it.",
    "membership_event": "An addition to a group or a removal from it, as CloudTrail recorded it.",
    "sign_in": "The latest known sign-in of a user.",
    "end": "The last record; a file without it was cut off.",
}

_FIELDS = {
    "schema": "The version of this schema.",
    "name": "The name: the configuration's for an organization, the full name for a user.",
    "arn": "The ARN.",
    "identity_store_id": "The id of the instance's identity store.",
    "region": "The instance's primary Region.",
    "organization_id": "The id of the AWS organization.",
    "management_account_id": "The id of the organization's management account.",
    "caller_arn": "The identity that made the calls.",
    "replica_regions": "The instance's other Regions.",
    "started_at": "When the first call was made.",
    "finished_at": "When the last response arrived.",
    "strategy": "complete or fastest.",
    "listing": "How assignments were listed; null or absent if an earlier version did not record it.",
    "accounts_complete": "Whether all accounts of the organization are in the snapshot.",
    "not_examined": "What the configuration left out, or AWS does not offer.",
    "people": "The attributes of users that the configuration asks for.",
    "examined": "Which optional parts were examined: outdated versions of permission sets, applications, "
    "lookups of activity.",
    "issuer": "The identity provider that gave the id.",
    "external_ids": "The ids in the identity provider that manages the user or group.",
    "attributes": "The attributes that the configuration asks for, by name; an empty text means that "
    "AWS has none.",
    "created_at": "When it was created; empty if AWS does not say.",
    "created_by": "Who created it, as AWS gives it.",
    "updated_at": "When it was last updated; empty if AWS does not say.",
    "updated_by": "Who last updated it, as AWS gives it.",
    "members": "The members, sorted by user id; some of these users may no longer exist.",
    "first_seen": "The start of the first complete run in this output place that had it; empty if no "
    "complete run has had it, null if earlier runs could not be read.",
    "provider_arn": "The ARN of the application's provider, which is its type.",
    "assignment_required": "Whether only assigned users have access; null if not read.",
    "application_arn": "The application's ARN.",
    "assignments_complete": "Whether all assignments of the application are in the snapshot.",
    "event_name": "CloudTrail's name of the event.",
    "since": "The start of the time span.",
    "until": "The end of the time span.",
    "at": "When it happened.",
    "by": "Who did it.",
    "action": "Whether access was given or taken.",
    "user_id": "The user's id.",
    "membership_id": "AWS's id of the membership.",
    "id": "The id: AWS's for a user or group, twelve digits for an account.",
    "login": "AWS's UserName.",
    "email": "The primary address, else the first, else empty.",
    "status": "ENABLED, DISABLED, or empty if AWS gives none.",
    "group_id": "The group's id.",
    "type": "USER or GROUP.",
    "state": "AWS's value, such as ACTIVE, SUSPENDED or CLOSED.",
    "path": "The names of the OUs above it, such as Root/Prod; null if not read.",
    "description": "The description.",
    "session_duration": "As AWS gives it, such as PT12H.",
    "managed_policies": "The ARNs of AWS's managed policies.",
    "customer_managed_policies": "Customer managed policies, by path and name.",
    "inline_policy": "The policy document.",
    "permissions_boundary": "The ARN of an AWS managed policy, or path and name of a customer managed one.",
    "tags": "As key=value.",
    "version_id": "The version of the policy that is in force.",
    "document": "The policy document.",
    "delegated_administrators": "The ids of the accounts that administer Identity Center in addition to the "
    "management account; null if not read.",
    "account_id": "The account's id.",
    "access_type": "PERMISSION_SET or IAM_ROLE.",
    "permission_set_arn": "The permission set's ARN; empty for an IAM role, or a gap about something else.",
    "role_arn": "The IAM role's ARN; empty for a permission set.",
    "principal_type": "USER or GROUP: the type of the principal.",
    "principal_id": "The id of the user or group.",
    "kind": "What the gap is about.",
    "operation": "The call that failed.",
    "resource": "The resource that the call was for.",
    "code": "AWS's error code, or one of sso-batch's own.",
    "message": "The error message.",
    "hint": "What to do about it.",
    "records": "The number of records before this one.",
    "endpoint_overrides": "Services whose answers did not come from AWS, as service=URL.",
    "config_sha256": "The fingerprint of the settings that decide what is read.",
}


def snapshot_schema() -> Schema:
    """Return the JSON Schema (2020-12) of one line of a snapshot, of any kind."""
    kinds = {"organization": _head(), **{kind: _properties(cls) for kind, cls, _ in KINDS}}
    kinds["end"] = {"records": {"type": "integer", "minimum": 1}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A record of a snapshot of sso-batch",
        "description": f"Version {SCHEMA}: one line of organizations/…/snapshot.jsonl. An empty text or list "
        "means that AWS has none, null that it was not read.",
        "oneOf": [{"$ref": f"#/$defs/{kind}"} for kind in kinds],
        "$defs": {
            kind: {"description": _WHAT[kind], **_object({"record": {"const": kind}, **properties})}
            for kind, properties in kinds.items()
        },
    }


def snapshot_schema_text() -> str:
    """Return the schema as in `config/snapshot.schema.json`, without the line break at the end."""
    return json.dumps(snapshot_schema(), indent=2, ensure_ascii=False)


def _object(properties: Schema) -> Schema:
    described = {
        name: schema if name == "record" else {"description": _FIELDS[name], **schema}
        for name, schema in properties.items()
    }
    return {
        "type": "object",
        "properties": described,
        "required": [name for name in properties if name not in _ADDED],
        "additionalProperties": False,
    }


def _head() -> Schema:
    of_snapshot = _properties(Snapshot, *_NOT_IN_HEAD)
    examined: Schema = {"type": "array", "items": {"enum": list(OPTIONAL)}}
    return {**_HEAD, **_properties(Instance), **of_snapshot, "examined": examined}


def _properties(cls: type, *excluded: str) -> Schema:
    """Return the fields of a record as in the file, without the excluded ones; a principal takes two."""
    hints = get_type_hints(cls)
    properties: Schema = {}
    for field in fields_in_file(cls):
        if field.name in excluded:
            continue
        if hints[field.name] is Principal:
            properties |= {"principal_type": _TEXT, "principal_id": _TEXT}
        elif nested := _NESTED.get(hints[field.name]):
            properties[field.name] = {"type": "array", "items": _object(_properties(nested))}
        else:
            properties[field.name] = _TYPES[hints[field.name]]
    return properties
