"""The values of a file, each with the line and the path where it was written."""

from dataclasses import dataclass

from sso_batch.config.problems import KeyPath
from sso_batch.config.yaml.scalars import Scalar


class Unreadable:
    """The placeholder of a value that could not be read; its problem has been reported."""


@dataclass(frozen=True, slots=True)
class Node:
    """A value of the file, with its path and the line of its key, or of the item in a list."""

    value: "Value"
    line: int
    path: KeyPath

    def plain(self) -> object:
        """Return the value without lines and paths."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, tuple):
            return tuple(node.plain() for node in self.value)
        return self.value


Value = Scalar | Unreadable | dict[str, Node] | tuple[Node, ...]
