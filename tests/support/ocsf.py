"""Events in OCSF, read back and compared with the schema of their version."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema
from py_ocsf_models.events.findings.detection_finding import DetectionFinding

Event = dict[str, Any]

VERSIONS = ("1.1.0", "1.5.0", "1.8.0")
"""The first version with our class, the one that events name, and the newest."""


def ocsf_events(folder: Path) -> list[Event]:
    """Return the events in the OCSF file of a run, each checked against the schema; one line is one event."""
    (file,) = folder.glob("*.ocsf.json")
    text = file.read_text(encoding="utf-8")
    events: list[Event] = json.loads(text)
    for event in events:
        assert_valid(event)
    assert len(text.splitlines()) == (len(events) + 2 if events else 1)
    return events


def assert_valid(event: Event) -> None:
    """Fail if an event has missing, unknown or wrong attributes."""
    for version in VERSIONS:
        problems = [f"{error.json_path}: {error.message}" for error in _validator(version).iter_errors(event)]
        assert not problems, version
    # The models ignore attributes that they do not know, which would then be missing here.
    model = DetectionFinding.model_validate(event)
    assert json.loads(model.model_dump_json(exclude_unset=True)) == event


@cache
def _validator(version: str) -> Draft202012Validator:
    """Return a validator for the class and the profile of our events."""
    schema = OcsfJsonSchemaEmbedded(get_ocsf_schema(version=version))
    return Draft202012Validator(schema.get_class_schema("detection_finding", ["cloud"]))
