#!/usr/bin/env python3
"""Import the findings of a run into AWS Security Hub CSPM. Needs boto3, and a run with `--format ocsf`.

    python import_findings.py reports/20261127

The credentials need securityhub:BatchImportFindings, securityhub:GetFindings and sts:GetCallerIdentity. All
findings belong to the caller's account, because the default product accepts no others; the account that a
finding is about is one of its resources. A finding is archived if it is waived. An active one that the run no
longer has is archived only if the run would have found it: it read the organization completely, and the check
was made and could look at everything that it could look at before.
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

OURS = "sso-batch/"
"""How the names of our generators and of our product fields begin."""

TYPES = ["Software and Configuration Checks/AWS Security Best Practices"]

Finding = dict[str, Any]


def main() -> int:
    """Import the findings; return 1 if Security Hub refuses any."""
    parser = argparse.ArgumentParser(description="Import the findings of a run into AWS Security Hub CSPM.")
    parser.add_argument("run", type=Path, help="folder of the run")
    run = Run(parser.parse_args().run)
    hub, account = boto3.client("securityhub"), boto3.client("sts").get_caller_identity()["Account"]
    home = f"arn:{hub.meta.partition}:securityhub:{hub.meta.region_name}:{account}"
    product = f"{home}:product/{account}/default"
    active = active_findings(hub, product)
    current = {finding["Id"]: finding for finding in run.findings(account, product)}
    for uid, finding in current.items():
        finding["CreatedAt"] = active.get(uid, finding)["CreatedAt"]
    missing = [finding for uid, finding in active.items() if uid not in current]
    gone = [run.archived(finding) for finding in missing if run.would_have_found(finding)]
    refused = 0
    for batch in batches([*current.values(), *gone]):
        answer = hub.batch_import_findings(Findings=batch)
        refused += answer["FailedCount"]
        for failure in answer["FailedFindings"]:
            sys.stderr.write(f"{failure['Id']}: {failure['ErrorCode']}: {failure['ErrorMessage']}\n")
    sys.stdout.write(
        f"findings: {len(current)}, archived because they are gone: {len(gone)}, "
        f"left because the run could not look: {len(missing) - len(gone)}, refused: {refused}\n"
    )
    return 1 if refused else 0


class Run:
    """A run that has ended: its OCSF events and its manifest."""

    def __init__(self, folder: Path) -> None:
        manifest = folder / "manifest.json"
        if not manifest.exists():
            sys.exit(f"{folder} has no manifest: pass the folder of a run that has ended")
        files = list(folder.glob("*.ocsf.json"))
        if len(files) != 1:
            sys.exit(f"{folder} has no OCSF file: run sso-batch with --format ocsf and at least one check")
        self._events: list[dict[str, Any]] = json.loads(files[0].read_bytes())
        document = json.loads(manifest.read_bytes())
        self._checks = frozenset(document["checks"])
        self._ended: str = document["finished_at"]
        self._organizations = {each["name"]: each for each in document["organizations"]}

    def findings(self, account: str, product: str) -> Iterator[Finding]:
        """Yield the findings in the AWS Security Finding Format; texts are cut to its limits."""
        for event in self._events:
            info, message, own = event["finding_info"], event["message"], event["unmapped"]
            created = datetime.fromtimestamp(event["time"] / 1000, UTC)
            fields = {
                "organization": own["organization"],
                "run": own["run_id"],
                "cause": event["metadata"]["correlation_uid"],
                "not-examined": own["not_examined"],
                "waiver": event.get("comment", ""),
            }
            yield {
                "SchemaVersion": "2018-10-08",
                "Id": info["uid"],
                "ProductArn": product,
                "GeneratorId": f"{OURS}{info['analytic']['uid']}",
                "AwsAccountId": account,
                "CreatedAt": created.strftime("%Y-%m-%dT%H:%M:%SZ"),
                # Later than in any earlier import, also of this run: Security Hub ignores other updates.
                "UpdatedAt": self._ended,
                "Title": shortened(message, 256),
                "Description": shortened(f"{message}. {info['desc']}", 1024),
                "FindingProviderFields": {"Severity": {"Label": event["severity"].upper()}, "Types": TYPES},
                "Remediation": {"Recommendation": {"Text": shortened(event["remediation"]["desc"], 512)}},
                "Resources": [resource(each, event["cloud"]) for each in event["resources"]],
                "ProductFields": {f"{OURS}{name}": text for name, text in texts(fields, 1024).items()},
                "RecordState": "ARCHIVED" if event["status"] == "Suppressed" else "ACTIVE",
            }

    def would_have_found(self, finding: Finding) -> bool:
        """Return whether the run would have this finding if it still existed."""
        check = finding["GeneratorId"].removeprefix(OURS)
        organization = self._organizations.get(finding["ProductFields"][f"{OURS}organization"])
        if organization is None or organization["status"] != "complete" or check not in self._checks:
            return False
        heading = f"check {check}: "
        lines = [line for line in organization["not_examined"] if line.startswith(heading)]
        not_examined = shortened("".join(lines).removeprefix(heading), 1024)
        return not_examined in {"", finding["ProductFields"].get(f"{OURS}not-examined")}

    def archived(self, finding: Finding) -> Finding:
        """Return a finding of Security Hub as it is sent again to archive it."""
        fields = finding["ProductFields"].items()
        return {
            **{name: finding[name] for name in SENT_AGAIN if name in finding},
            "ProductFields": {name: text for name, text in fields if name.startswith(OURS)},
            "UpdatedAt": self._ended,
            "RecordState": "ARCHIVED",
        }


SENT_AGAIN = (
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
)
"""The fields that do not change when a finding is archived."""


def active_findings(hub: Any, product: str) -> dict[str, Finding]:  # noqa: ANN401 - boto3 has no types
    """Return the active findings in Security Hub that this script imported, by id."""
    filters = {
        "ProductArn": [{"Value": product, "Comparison": "EQUALS"}],
        "GeneratorId": [{"Value": OURS, "Comparison": "PREFIX"}],
        "RecordState": [{"Value": "ACTIVE", "Comparison": "EQUALS"}],
    }
    pages = hub.get_paginator("get_findings").paginate(Filters=filters)
    return {finding["Id"]: finding for page in pages for finding in page["Findings"]}


def resource(about: Mapping[str, Any], cloud: Mapping[str, Any]) -> dict[str, Any]:
    """Return a resource with the type and the id that Security Hub knows it by."""
    kind, uid = about["type"], about["uid"]
    is_account = kind == "AWS::Organizations::Account"
    type_, id_ = ("AwsAccount", f"AWS::::Account:{uid}") if is_account else ("Other", uid)
    region = {"Region": cloud["region"]} if "region" in cloud else {}
    details = texts({"Type": kind, "Name": about.get("name", "")}, 256)
    return {"Type": type_, "Id": id_} | region | {"Details": {"Other": details}}


def texts(named: Mapping[str, str], length: int) -> dict[str, str]:
    """Return the texts that are not blank, which Security Hub refuses, each cut to a length."""
    return {name: shortened(text, length) for name, text in named.items() if text.strip()}


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
