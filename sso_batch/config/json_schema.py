"""The JSON Schema of the configuration, for editors: made from the models, and never by hand."""

import json
from typing import Any

from sso_batch.config.models import Config

Schema = dict[str, Any]

_VARIABLE: Schema = {
    "type": "string",
    "pattern": r"\$\{",
    "description": "${VARIABLE}, ${VARIABLE:-default} or ${VARIABLE:?message}",
}
_TO_VARIABLE: Schema = {"$ref": "#/$defs/Variable"}
_NOTHING: Schema = {"type": "null"}
_TOLD = frozenset({"description", "default"})
_CONSTRAINTS = frozenset({"pattern", "enum", "const", "format"})


def schema() -> Schema:
    """Give the JSON Schema (2020-12) of a configuration file, before its variables are expanded."""
    made = Config.model_json_schema()
    definitions = {name: _opened(part) for name, part in made.pop("$defs").items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of sso-batch",
        **{key: value for key, value in _opened(made).items() if key != "title"},
        "$defs": {**definitions, "Variable": _VARIABLE},
    }


def schema_text() -> str:
    """Give the schema as `config/schema.json` holds it, but for the line's end."""
    return json.dumps(schema(), indent=2, ensure_ascii=False)


def _opened(part: Schema) -> Schema:
    """Let a variable stand wherever a value is expected that is not just any text."""
    opened = {key: value for key, value in part.items() if key != "title"}
    if "properties" in opened:
        opened["properties"] = {key: _property(value) for key, value in opened["properties"].items()}
    if "patternProperties" in opened:
        opened["patternProperties"] = {
            key: _opened(value) for key, value in opened["patternProperties"].items()
        }
    for key in ("items", "additionalProperties"):
        if isinstance(opened.get(key), dict):
            opened[key] = _opened(opened[key])
    if "anyOf" in opened:
        opened["anyOf"] = _flat([_opened(choice) for choice in opened["anyOf"]])
    return _or_variable(opened) if _is_narrow(opened) else opened


def _flat(choices: list[Schema]) -> list[Schema]:
    """Put the choices of choices side by side."""
    return [
        inner for choice in choices for inner in (choice["anyOf"] if [*choice] == ["anyOf"] else [choice])
    ]


def _property(part: Schema) -> Schema:
    """Open the schema of a key: a part with keys may be empty, and nothing else may."""
    told = {key: value for key, value in part.items() if key in _TOLD and value not in (None, [])}
    choices = [choice for choice in part.get("anyOf", ()) if choice != _NOTHING]
    if choices:
        value: Schema = choices[0] if len(choices) == 1 else {"anyOf": choices}
    else:
        value = {key: value for key, value in part.items() if key not in _TOLD}
        if "$ref" in value or value.get("type") == "object":
            value = {"anyOf": [value, _NOTHING]}
    return {**told, **_opened(value)}


def _is_narrow(part: Schema) -> bool:
    """Tell whether a schema takes a single value, but not any text."""
    kind = part.get("type")
    return kind in {"integer", "number", "boolean"} or (kind == "string" and bool(_CONSTRAINTS & part.keys()))


def _or_variable(part: Schema) -> Schema:
    """Let a variable stand instead; what tells about the value stays outside."""
    outside = {key: value for key, value in part.items() if key in _TOLD}
    inside = {key: value for key, value in part.items() if key not in _TOLD}
    return {**outside, "anyOf": [inside, _TO_VARIABLE]}
