"""CloudFormation templates as a stack would have them: parameters, conditions and functions are evaluated.

It supports the functions that the templates of config/ use, and evaluates conditions where they are used.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

Object = dict[str, Any]

PSEUDO: Mapping[str, str] = {
    "AWS::AccountId": "111122223333",
    "AWS::Partition": "aws",
    "AWS::Region": "eu-west-1",
    "AWS::StackName": "sso-batch",
}
_NOTHING = object()
"""The value of AWS::NoValue: the key or element is left out."""


class Stack:
    """A stack that was created from a template with these parameters.

    `Ref` of a resource is its logical ID, and `Fn::GetAtt` is `ID.Attribute`; the ARN of a bucket is written as
    S3 does.
    """

    def __init__(self, file: Path, parameters: Mapping[str, str | list[str]]) -> None:
        self._document: Object = yaml.safe_load(file.read_text())
        declared = self._document["Parameters"]
        unknown, defaults = parameters.keys() - declared.keys(), {}
        assert not unknown, unknown
        for name, parameter in declared.items():
            value = parameters.get(name, parameter.get("Default"))
            assert value is not None, f"{name} has no value"
            texts = value if isinstance(value, list) else [str(value)]
            assert all(re.fullmatch(parameter.get("AllowedPattern", ".*"), text) for text in texts), name
            assert "AllowedValues" not in parameter or value in parameter["AllowedValues"], name
            defaults[name] = value
        self._values: Mapping[str, Any] = {**PSEUDO, **defaults}
        self.resources: dict[str, Object] = {
            name: self._evaluated(resource["Properties"])
            for name, resource in self._document["Resources"].items()
            if "Condition" not in resource or self._holds(resource["Condition"])
        }
        self.outputs: dict[str, str] = {
            name: self._evaluated(output["Value"]) for name, output in self._document["Outputs"].items()
        }

    def of_type(self, kind: str) -> dict[str, Object]:
        """Return the properties of the resources of a type, by logical ID."""
        types = {name: resource["Type"] for name, resource in self._document["Resources"].items()}
        return {name: properties for name, properties in self.resources.items() if types[name] == kind}

    def _holds(self, condition: str) -> bool:
        return bool(self._evaluated(self._document["Conditions"][condition]))

    def _evaluated(self, value: Any) -> Any:  # noqa: ANN401 - any value of a template
        if isinstance(value, list):
            return [item for item in map(self._evaluated, value) if item is not _NOTHING]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Condition" and isinstance(argument, str):
                return self._holds(argument)
            if name in {"Ref", "Fn::If", "Fn::Sub"} or name.startswith("Fn::"):
                return self._call(name, argument)
        evaluated = {key: self._evaluated(item) for key, item in value.items()}
        return {key: item for key, item in evaluated.items() if item is not _NOTHING}

    def _call(self, function: str, argument: Any) -> Any:  # noqa: ANN401, C901, PLR0911 - one case for each function
        match function, argument:
            case "Ref", "AWS::NoValue":
                return _NOTHING
            case "Ref", str():
                return self._reference(argument)
            case "Fn::If", [condition, then, otherwise]:
                return self._evaluated(then if self._holds(condition) else otherwise)
            case "Fn::Sub", [text, variables]:
                return self._substituted(text, self._evaluated(variables))
            case "Fn::Sub", str():
                return self._substituted(argument, {})
            case "Fn::GetAtt", [resource, attribute]:
                return self._attribute(resource, attribute)
        match function, self._evaluated(argument):
            case "Fn::Equals", [one, other]:
                return str(one) == str(other)
            case "Fn::Not", [condition]:
                return not condition
            case "Fn::And", conditions:
                return all(conditions)
            case "Fn::Select", [index, items]:
                return items[index]
            case "Fn::Split", [separator, text]:
                return text.split(separator)
            case "Fn::Join", [separator, items]:
                return separator.join(items)
            case "Fn::FindInMap", [mapping, key, name]:
                return self._document["Mappings"][mapping][key][name]
        raise NotImplementedError(function, argument)

    def _reference(self, name: str) -> Any:  # noqa: ANN401 - a text or a list
        if name in self._values:
            return self._values[name]
        assert name in self._document["Resources"], name
        return name

    def _attribute(self, resource: str, attribute: str) -> str:
        kind = self._document["Resources"][resource]["Type"]
        return f"arn:aws:s3:::{resource}" if kind == "AWS::S3::Bucket" else f"{resource}.{attribute}"

    def _substituted(self, text: str, variables: Mapping[str, str]) -> str:
        def value(found: re.Match[str]) -> str:
            name = found[1]
            if name in variables:
                return variables[name]
            resource, dot, attribute = name.partition(".")
            return self._attribute(resource, attribute) if dot else str(self._reference(name))

        return re.sub(r"\$\{([\w:.]+)\}", value, text)
