"""CloudFormation templates as a stack would have them: parameters, conditions and functions are evaluated.

It supports the functions that the templates of config/ use, and evaluates conditions where they are used.
"""

import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

Object = dict[str, Any]
Parameter = str | int | list[str]

PSEUDO: Mapping[str, str] = {
    "AWS::AccountId": "111122223333",
    "AWS::Partition": "aws",
    "AWS::Region": "eu-west-1",
    "AWS::StackName": "sso-batch",
}
_NOTHING = object()
"""The value of AWS::NoValue: the key or element is left out."""

_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "Fn::And": lambda *conditions: all(conditions),
    "Fn::Equals": lambda one, other: str(one) == str(other),
    "Fn::Join": lambda separator, items: separator.join(items),
    "Fn::Not": lambda condition: not condition,
    "Fn::Or": lambda *conditions: any(conditions),
    "Fn::Select": lambda index, items: items[index],
    "Fn::Split": lambda separator, text: text.split(separator),
}


def problems(file: Path) -> str:
    """Return what cfn-lint reports about a template."""
    done = subprocess.run(  # noqa: S603 - a tool of this environment
        [Path(sys.executable).with_name("cfn-lint"), "--include-checks", "I", "--", file],
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.returncode == 0) == (done.stdout == ""), done
    return done.stdout


class Stack:
    """A stack that was created from a template with these parameters.

    `Ref` of a resource is its logical ID, and `Fn::GetAtt` is `ID.Attribute`. A bucket has a name and an ARN
    that S3 would accept.
    """

    def __init__(self, file: Path, parameters: Mapping[str, Parameter]) -> None:
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
        self._values: Mapping[str, Any] = {**PSEUDO, **defaults, "AWS::NoValue": _NOTHING}
        self.resources: dict[str, Object] = {
            name: self._evaluated(resource["Properties"])
            for name, resource in self._document["Resources"].items()
        }
        self.outputs: dict[str, str] = {
            name: self._evaluated(output["Value"])
            for name, output in self._document.get("Outputs", {}).items()
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
            if name == "Ref" or name.startswith("Fn::"):
                return self._call(name, argument)
        evaluated = {key: self._evaluated(item) for key, item in value.items()}
        return {key: item for key, item in evaluated.items() if item is not _NOTHING}

    def _call(self, function: str, argument: Any) -> Any:  # noqa: ANN401 - any value of a template
        match function, argument:
            case "Ref", str():
                return self._reference(argument)
            case "Fn::If", [condition, then, otherwise]:
                return self._evaluated(then if self._holds(condition) else otherwise)
            case "Fn::Sub", _:
                text, variables = argument if isinstance(argument, list) else (argument, {})
                return self._substituted(text, self._evaluated(variables))
            case "Fn::GetAtt", [resource, attribute]:
                return self._attribute(resource, attribute)
        arguments = self._evaluated(argument)
        if function == "Fn::FindInMap":
            mapping, key, name = arguments
            return self._document["Mappings"][mapping][key][name]
        return _FUNCTIONS[function](*arguments)

    def _reference(self, name: str) -> Any:  # noqa: ANN401 - a text or a list
        if name in self._values:
            return self._values[name]
        return name.lower() if self._is_bucket(name) else name

    def _attribute(self, resource: str, attribute: str) -> str:
        if self._is_bucket(resource):
            return f"arn:aws:s3:::{resource.lower()}"
        return f"{resource}.{attribute}"

    def _is_bucket(self, name: str) -> bool:
        return bool(self._document["Resources"][name]["Type"] == "AWS::S3::Bucket")

    def _substituted(self, text: str, variables: Mapping[str, str]) -> str:
        def value(found: re.Match[str]) -> str:
            name = found[1]
            if name in variables:
                return variables[name]
            resource, dot, attribute = name.partition(".")
            return self._attribute(resource, attribute) if dot else str(self._reference(name))

        return re.sub(r"\$\{([\w:.]+)\}", value, text)
