"""The JSON Schema of the configuration, for editors, generated from the models."""

import json
from typing import Any

from sso_batch.config.models import Config

Schema = dict[str, Any]

_VARIABLE: Schema = {
    "type": "string",
    "pattern": r"\$\{",
    "description": "${VARIABLE}, ${VARIABLE:-default} or ${VARIABLE:?message}",
}
_VARIABLE_REFERENCE: Schema = {"$ref": "#/$defs/Variable"}
_NULL: Schema = {"type": "null"}
_ANNOTATIONS = frozenset({"description", "default", "examples"})
_CONSTRAINTS = frozenset({"pattern", "enum", "const", "format"})


def schema() -> Schema:
    """Return the JSON Schema (2020-12) of a configuration file before its variables are expanded."""
    generated = Config.model_json_schema()
    definitions = {name: _with_variables(part) for name, part in generated.pop("$defs").items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of sso-batch",
        **{key: value for key, value in _with_variables(generated).items() if key != "title"},
        "$defs": {**definitions, "Variable": _VARIABLE},
    }


def schema_text() -> str:
    """Return the schema as `config/schema.json` contains it, without the final line break."""
    return json.dumps(schema(), indent=2, ensure_ascii=False)


def _with_variables(part: Schema) -> Schema:
    """Allow a variable in place of every value that is not free text."""
    result = {key: value for key, value in part.items() if key != "title"}
    if "properties" in result:
        result["properties"] = {key: _property(value) for key, value in result["properties"].items()}
    if "patternProperties" in result:
        result["patternProperties"] = {
            key: _with_variables(value) for key, value in result["patternProperties"].items()
        }
    for key in ("items", "additionalProperties"):
        if isinstance(result.get(key), dict):
            result[key] = _with_variables(result[key])
    if "anyOf" in result:
        result["anyOf"] = _flat([_with_variables(choice) for choice in result["anyOf"]])
    return _or_variable(result) if _is_narrow(result) else result


def _flat(choices: list[Schema]) -> list[Schema]:
    """Replace nested choices with their members."""
    return [
        inner for choice in choices for inner in (choice["anyOf"] if [*choice] == ["anyOf"] else [choice])
    ]


def _property(part: Schema) -> Schema:
    """Return the schema of a key: only a section may be empty."""
    annotations = {
        key: value for key, value in part.items() if key in _ANNOTATIONS and value not in (None, [])
    }
    choices = [choice for choice in part.get("anyOf", ()) if choice != _NULL]
    if choices:
        value: Schema = choices[0] if len(choices) == 1 else {"anyOf": choices}
    else:
        value = {key: value for key, value in part.items() if key not in _ANNOTATIONS}
        if "$ref" in value or value.get("type") == "object":
            value = {"anyOf": [value, _NULL]}
    return {**annotations, **_with_variables(value)}


def _is_narrow(part: Schema) -> bool:
    """Return whether a schema accepts a single value that is not free text."""
    kind = part.get("type")
    return kind in {"integer", "number", "boolean"} or (kind == "string" and bool(_CONSTRAINTS & part.keys()))


def _or_variable(part: Schema) -> Schema:
    """Allow a variable in place of the value; the annotations stay outside of the choice."""
    outside = {key: value for key, value in part.items() if key in _ANNOTATIONS}
    inside = {key: value for key, value in part.items() if key not in _ANNOTATIONS}
    return {**outside, "anyOf": [inside, _VARIABLE_REFERENCE]}
