#!/usr/bin/env python3
"""Import the findings of a run into AWS Security Hub CSPM. Needs boto3, and a run with `--format ocsf`.

    python import_findings.py reports/20261127-031700

The credentials need securityhub:BatchImportFindings, securityhub:GetFindings and sts:GetCallerIdentity. All
findings belong to the caller's account, because the default product accepts no others; the account that a
finding is about is one of its resources. A finding is archived if it is waived. An active one that the run no
longer has is archived only if the run read its organization completely.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import boto3

BATCH = 100
"""The most findings in one call: https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_BatchImportFindings.html"""

GENERATOR = "sso-batch/"
ORGANIZATION = "sso-batch/organization"
TYPES = ["Software and Configuration Checks/AWS Security Best Practices"]

Finding = dict[str, Any]


def main() -> int:
    """Import the findings; return 1 if Security Hub refuses any."""
    parser = argparse.ArgumentParser(description="Import the findings of a run into AWS Security Hub CSPM.")
    parser.add_argument("run", type=Path, help="folder of the run")
    run = parser.parse_args().run
    events, complete = events_of(run), complete_organizations(run)
    hub, account = boto3.client("securityhub"), boto3.client("sts").get_caller_identity()["Account"]
    home = f"arn:{hub.meta.partition}:securityhub:{hub.meta.region_name}:{account}"
    product = f"{home}:product/{account}/default"
    active = active_findings(hub, product)
    current = {event["finding_info"]["uid"]: security_finding(event, account, product) for event in events}
    for uid, finding in current.items():
        finding["CreatedAt"] = active.get(uid, finding)["CreatedAt"]
    archived, refused = list(gone(active, current, complete)), 0
    for batch in batches([*current.values(), *archived]):
        answer = hub.batch_import_findings(Findings=batch)
        refused += answer["FailedCount"]
        for failure in answer["FailedFindings"]:
            sys.stderr.write(f"{failure['Id']}: {failure['ErrorCode']}: {failure['ErrorMessage']}\n")
    sys.stdout.write(f"findings: {len(current)}, no longer found: {len(archived)}, refused: {refused}\n")
    return 1 if refused else 0


def events_of(run: Path) -> list[dict[str, Any]]:
    """Return the OCSF events of a run."""
    files = list(run.glob("*.ocsf.json"))
    if len(files) != 1:
        sys.exit(f"{run} has no OCSF file: run sso-batch with --format ocsf")
    events: list[dict[str, Any]] = json.loads(files[0].read_bytes())
    return events


def complete_organizations(run: Path) -> dict[str, str]:
    """Return the organizations that a run read completely, and when."""
    organizations = json.loads((run / "manifest.json").read_bytes())["organizations"]
    return {each["name"]: each["finished_at"] for each in organizations if each["status"] == "complete"}


def active_findings(hub: Any, product: str) -> dict[str, Finding]:  # noqa: ANN401 - boto3 has no types
    """Return the active findings in Security Hub that this script imported, by id."""
    filters = {
        "ProductArn": [{"Value": product, "Comparison": "EQUALS"}],
        "GeneratorId": [{"Value": GENERATOR, "Comparison": "PREFIX"}],
        "RecordState": [{"Value": "ACTIVE", "Comparison": "EQUALS"}],
    }
    pages = hub.get_paginator("get_findings").paginate(Filters=filters)
    return {finding["Id"]: finding for page in pages for finding in page["Findings"]}


def gone(
    active: Mapping[str, Finding], current: Mapping[str, Finding], complete: Mapping[str, str]
) -> Iterator[Finding]:
    """Yield, archived, the active findings that a run lacks in organizations that it read completely."""
    for uid, finding in active.items():
        organization = finding["ProductFields"][ORGANIZATION]
        if uid not in current and organization in complete:
            kept = {name: finding[name] for name in FIELDS if name in finding}
            yield kept | {"UpdatedAt": complete[organization], "RecordState": "ARCHIVED"}


def security_finding(event: Mapping[str, Any], account: str, product: str) -> Finding:
    """Return an event in the AWS Security Finding Format; texts are cut to its limits."""
    info, message = event["finding_info"], event["message"]
    moment = datetime.fromtimestamp(event["time"] / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "SchemaVersion": "2018-10-08",
        "Id": info["uid"],
        "ProductArn": product,
        "GeneratorId": f"{GENERATOR}{info['analytic']['uid']}",
        "AwsAccountId": account,
        "CreatedAt": moment,
        "UpdatedAt": moment,
        "Title": shortened(message, 256),
        "Description": shortened(f"{message}. {info['desc']}", 1024),
        "FindingProviderFields": {"Severity": {"Label": event["severity"].upper()}, "Types": TYPES},
        "Remediation": {"Recommendation": {"Text": shortened(event["remediation"]["desc"], 512)}},
        "Resources": [resource(each, event["cloud"]) for each in event["resources"]],
        "ProductFields": {
            ORGANIZATION: event["unmapped"]["organization"],
            "sso-batch/run": event["unmapped"]["run_id"],
            "sso-batch/cause": event["metadata"]["correlation_uid"],
            "sso-batch/waiver": shortened(event.get("comment", ""), 1024),
        },
        "RecordState": "ARCHIVED" if event["status"] == "Suppressed" else "ACTIVE",
    }


FIELDS = (
    "SchemaVersion",
    "Id",
    "ProductArn",
    "GeneratorId",
    "AwsAccountId",
    "CreatedAt",
    "Title",
    "Description",
    "FindingProviderFields",
    "Remediation",
    "Resources",
    "ProductFields",
)
"""The fields of a finding that are sent again when it is archived."""


def resource(about: Mapping[str, Any], cloud: Mapping[str, Any]) -> dict[str, Any]:
    """Return a resource with the type and the id that Security Hub knows it by."""
    kind, uid = about["type"], about["uid"]
    is_account = kind == "AWS::Organizations::Account"
    type_, id_ = ("AwsAccount", f"AWS::::Account:{uid}") if is_account else ("Other", uid)
    named = {"Name": shortened(about["name"], 256)} if "name" in about else {}
    region = {"Region": cloud["region"]} if "region" in cloud else {}
    return {"Type": type_, "Id": id_} | region | {"Details": {"Other": {"Type": kind, **named}}}


def batches(items: Iterable[Finding]) -> Iterator[list[Finding]]:
    """Yield the items in lists that one call takes."""
    remaining = iter(items)
    while batch := list(islice(remaining, BATCH)):
        yield batch


def shortened(text: str, length: int) -> str:
    """Return a text of at most this length."""
    return text if len(text) <= length else f"{text[: length - 1]}…"


if __name__ == "__main__":
    sys.exit(main())
