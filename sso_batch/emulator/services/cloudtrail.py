"""AWS CloudTrail: the event history of an account in one Region, of the last 90 days."""

import json
from datetime import UTC, datetime
from typing import Any

from sso_batch.emulator.protocols import ErrorResponse, JsonProtocol
from sso_batch.emulator.request_validation import (
    Choice,
    ListOf,
    Pattern,
    Structure,
    Timestamp,
    Violation,
    WholeNumber,
)
from sso_batch.emulator.service import Answer, Call, Service
from sso_batch.emulator.world import Event
from sso_batch.emulator.world.identifiers import plain_uuid

HISTORY = 90 * 24 * 3600
"""The age, in seconds, after which an event leaves the history."""

_CODES = {
    "LookupAttributes": "InvalidLookupAttributesException",
    "StartTime": "InvalidTimeRangeException",
    "EndTime": "InvalidTimeRangeException",
    "MaxResults": "InvalidMaxResultsException",
    "NextToken": "InvalidNextTokenException",
}


def _invalid(violation: Violation) -> ErrorResponse:
    code = _CODES.get(violation.member, "ValidationException")
    return ErrorResponse(code, f"{violation.member}: {violation.constraint}")


CLOUDTRAIL = Service(
    name="cloudtrail",
    signing_name="cloudtrail",
    action_prefix="cloudtrail",
    protocol=JsonProtocol("com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101"),
    rules={
        "LookupAttributes": ListOf(
            Structure({"AttributeKey": Choice(("EventName",)), "AttributeValue": Pattern(r"[\s\S]{1,2000}")}),
            shortest=1,
            longest=1,
        ),
        "StartTime": Timestamp(),
        "EndTime": Timestamp(),
        "MaxResults": WholeNumber(1, 50),
        "NextToken": Pattern(r".+"),
    },
    invalid=_invalid,
    resource=lambda call: f"arn:{call.caller.partition}:cloudtrail:{call.region}:{call.caller.account_id}:*",
    max_page_size=50,
)


@CLOUDTRAIL.operation(
    "LookupEvents", optional=("LookupAttributes", "StartTime", "EndTime", "MaxResults", "NextToken")
)
def lookup_events(call: Call) -> Answer:
    """Look up the events of one name, the newest first.

    AWS accepts other attributes, and none; the emulator serves only event names.
    """
    attributes = call.request.get("LookupAttributes")
    if not attributes or {"AttributeKey", "AttributeValue"} - attributes[0].keys():
        raise _invalid(Violation("LookupAttributes", "The emulator needs one EventName", ""))
    start = max(call.request.get("StartTime", 0), call.now - HISTORY)
    end = call.request.get("EndTime", call.now)
    if call.request.get("StartTime", 0) > end:
        raise _invalid(Violation("StartTime", "The start time is after the end time", ""))
    history = call.index.events if call.index else {}
    found = history.get((call.caller.account_id, call.region, attributes[0]["AttributeValue"]), [])
    page, more = call.page([event for event in found if start <= event.at <= min(end, call.now)])
    return {"Events": [_event(event) for event in page], **more}


def _event(event: Event) -> dict[str, Any]:
    detail = event.detail
    event_id = plain_uuid(event.account_id, event.region, event.name, str(event.at), json.dumps(detail))
    summary = {
        "EventId": event_id,
        "EventName": event.name,
        "ReadOnly": "false",
        "EventTime": event.at,
        "EventSource": event.source,
        "Resources": [],
    }
    if isinstance(detail, str):
        return {**summary, "CloudTrailEvent": detail}
    name = (detail.get("userIdentity") or {}).get("userName")
    common = {
        "eventVersion": "1.11",
        "eventTime": f"{datetime.fromtimestamp(event.at, UTC):%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": event.source,
        "eventName": event.name,
        "awsRegion": event.region,
        "sourceIPAddress": "203.0.113.7",
        "requestID": plain_uuid(event_id, "request"),
        "eventID": event_id,
        "readOnly": False,
        "managementEvent": True,
        "recipientAccountId": event.account_id,
        "eventCategory": "Management",
    }
    return {
        **summary,
        **({"Username": name} if name else {}),
        "CloudTrailEvent": json.dumps({**common, **detail}),
    }
