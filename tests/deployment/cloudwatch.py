"""An evaluation of the CloudWatch template's metric filters."""

import json
import re
from typing import Any

import yaml

from tests.deployment.manifests import ROOT

CLOUDWATCH = ROOT / "config/alerts/cloudwatch.yaml"


def template() -> dict[str, Any]:
    """Return the parsed template."""
    document: dict[str, Any] = yaml.safe_load(CLOUDWATCH.read_text())
    return document


def matches(pattern: str, event: dict[str, Any]) -> bool:
    """Return whether a filter pattern matches an event; supports the grammar that the template uses."""
    body = re.fullmatch(r"\{ (.+) \}", pattern)
    assert body, pattern
    return all(_term_matches(term, event) for term in body[1].split(" && "))


def _term_matches(term: str, event: dict[str, Any]) -> bool:
    parts = re.fullmatch(r"\(\$\.(\w+) (?:(NOT EXISTS)|(IS FALSE)|(=|!=) (\d+|\"[^\"]*\"))\)", term)
    assert parts, term
    name, missing, false, comparison, value = parts.groups()
    if missing:
        return name not in event
    if false:
        return event.get(name) is False
    equal: bool = event.get(name) == json.loads(value)
    return equal == (comparison == "=")


def counted(event: dict[str, Any]) -> set[str]:
    """Return the metrics that count an event."""
    return {
        resource["Properties"]["MetricTransformations"][0]["MetricName"]
        for resource in template()["Resources"].values()
        if resource["Type"] == "AWS::Logs::MetricFilter"
        and matches(resource["Properties"]["FilterPattern"]["Fn::Sub"].replace("${Event}", "$"), event)
    }
