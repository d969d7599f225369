"""The JSON Schema of a snapshot's records, for programs that read them: made from the records themselves."""

import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any, get_type_hints

from sso_batch.coverage import NotExamined
from sso_batch.model import GapKind, Grant, Instance, Principal, Snapshot
from sso_batch.run_files.snapshot import KINDS, SCHEMA

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_TYPES: Mapping[object, Schema] = {
    str: _TEXT,
    str | None: {"type": ["string", "null"]},
    bool: {"type": "boolean"},
    GapKind: {"enum": [kind.value for kind in GapKind]},
    datetime: {"type": "string", "format": "date-time"},
    tuple[str, ...]: {"type": "array", "items": _TEXT},
    tuple[NotExamined, ...]: {"type": "array", "items": _TEXT},
    tuple[str, ...] | None: {"type": ["array", "null"], "items": _TEXT},
}

_HEAD: Schema = {"schema": {"const": SCHEMA}, "name": _TEXT}
_NOT_IN_HEAD = {"organization", "instance", *(field for _, _, field in KINDS)}

_WHAT = {
    "organization": "The first record: whose snapshot this is, and how it came about.",
    "user": "A user of the identity store.",
    "group": "A group of the identity store.",
    "membership": "All members of one group that has a grant; a group without such a record was not read.",
    "missing": "A user or group that something names and that no longer exists.",
    "account": "An account of the organization.",
    "permission_set": "A permission set. What is null was not read; what is empty AWS has not.",
    "grant": "An account assignment, or an account-access entitlement to an IAM role.",
    "gap": "Something that could not be read, which makes the snapshot incomplete.",
    "outdated": "An account in which a permission set's role is of an earlier version.",
    "end": "The last record; a file without it was cut off.",
}

_FIELDS = {
    "schema": "The version of this schema.",
    "name": "Its name: of an organization the configuration's, of a user the full one.",
    "arn": "Its ARN.",
    "identity_store_id": "The id of the instance's identity store.",
    "region": "The instance's primary Region.",
    "organization_id": "The id of the AWS organization.",
    "management_account_id": "The id of the organization's management account.",
    "caller_arn": "Whose credentials asked.",
    "started_at": "When the first call was made.",
    "finished_at": "When the last answer had come.",
    "strategy": "complete or fastest.",
    "accounts_complete": "Whether every account is here, so that others are not in the organization.",
    "not_examined": "What the configuration left out, or AWS does not offer.",
    "outdated_examined": "Whether earlier versions of permission sets were asked for.",
    "id": "Its id: AWS's of a user or group, twelve digits of an account.",
    "login": "AWS's UserName.",
    "email": "The primary address, else the first, else empty.",
    "status": "ENABLED, DISABLED, or empty where AWS does not say.",
    "group_id": "The group's id.",
    "user_ids": "The members' ids, sorted; some may be missing.",
    "type": "USER or GROUP.",
    "state": "ACTIVE, SUSPENDED, CLOSED and so on, in AWS's words.",
    "path": "The names of the OUs above it, as Root/Prod; null where they were not read.",
    "description": "Its description.",
    "session_duration": "As AWS gives it, such as PT12H.",
    "managed_policies": "The ARNs of AWS's managed policies.",
    "customer_managed_policies": "The customer's own policies, by path and name.",
    "inline_policy": "The policy's text.",
    "permissions_boundary": "A policy's ARN, or the path and name of one of the customer's own.",
    "tags": "As key=value.",
    "account_id": "The account's id.",
    "access_type": "PERMISSION_SET or IAM_ROLE.",
    "permission_set_arn": "The permission set's ARN; empty for an IAM role, or a gap about something else.",
    "role_arn": "The IAM role's ARN; empty for a permission set.",
    "principal_type": "USER or GROUP: whom the grant names.",
    "principal_id": "The id of that user or group.",
    "kind": "What the gap is about.",
    "operation": "The call that was not answered.",
    "resource": "What it was about.",
    "code": "AWS's error code, or one of ours.",
    "message": "What AWS said.",
    "hint": "What to do about it.",
    "records": "How many records stand before this one.",
    "endpoint_overrides": "Where answers came from that did not come from AWS, as service=URL.",
    "config_sha256": "Which configuration decided what was read.",
}


def snapshot_schema() -> Schema:
    """The JSON Schema (2020-12) of one line of a snapshot, whatever its kind."""
    kinds = {"organization": _head(), **{kind: _properties(cls) for kind, cls, _ in KINDS}}
    kinds["end"] = {"records": {"type": "integer", "minimum": 1}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A record of a snapshot of sso-batch",
        "description": f"Version {SCHEMA}: one line of …_snapshot.jsonl. An empty text or list means that "
        "AWS has none, null that it was not read.",
        "oneOf": [{"$ref": f"#/$defs/{kind}"} for kind in kinds],
        "$defs": {kind: _object(kind, properties) for kind, properties in kinds.items()},
    }


def snapshot_schema_text() -> str:
    """The schema as `config/snapshot.schema.json` holds it, but for the line's end."""
    return json.dumps(snapshot_schema(), indent=2, ensure_ascii=False)


def _object(kind: str, properties: Schema) -> Schema:
    told = {name: {"description": _FIELDS[name], **schema} for name, schema in properties.items()}
    return {
        "type": "object",
        "description": _WHAT[kind],
        "properties": {"record": {"const": kind}, **told},
        "required": ["record", *properties],
        "additionalProperties": False,
    }


def _head() -> Schema:
    of_snapshot = _properties(Snapshot, *_NOT_IN_HEAD)
    return {**_HEAD, **_properties(Instance), **of_snapshot, "outdated_examined": {"type": "boolean"}}


def _properties(cls: type, *but: str) -> Schema:
    """The fields of a record as the file has them, without some; a grant's principal stands in two."""
    hints = get_type_hints(cls)
    properties: Schema = {}
    for field in fields(cls):
        if field.name in but:
            continue
        if cls is Grant and hints[field.name] is Principal:
            properties |= {"principal_type": _TEXT, "principal_id": _TEXT}
        else:
            properties[field.name] = _TYPES[hints[field.name]]
    return properties
