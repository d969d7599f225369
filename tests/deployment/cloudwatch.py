"""The CloudWatch template's metric filters, applied to events as CloudWatch would."""

import json
import re
from typing import Any

import yaml

from tests.deployment.manifests import ROOT

CLOUDWATCH = ROOT / "config/alerts/cloudwatch.yaml"


def template() -> dict[str, Any]:
    """The template."""
    document: dict[str, Any] = yaml.safe_load(CLOUDWATCH.read_text())
    return document


def matches(pattern: str, event: dict[str, Any]) -> bool:
    """Whether CloudWatch's filter pattern, as far as the template uses its grammar, matches a record."""
    body = re.fullmatch(r"\{ (.+) \}", pattern)
    assert body, pattern
    return all(_holds(term, event) for term in body[1].split(" && "))


def _holds(term: str, event: dict[str, Any]) -> bool:
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
    """The metrics that an event is counted in."""
    return {
        resource["Properties"]["MetricTransformations"][0]["MetricName"]
        for resource in template()["Resources"].values()
        if resource["Type"] == "AWS::Logs::MetricFilter"
        and matches(resource["Properties"]["FilterPattern"]["Fn::Sub"].replace("${Event}", "$"), event)
    }
