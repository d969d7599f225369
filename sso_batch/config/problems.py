"""One thing that is wrong with a configuration file, and how it is told."""

import json
import re
from dataclasses import dataclass

from sso_batch.sanitize.terminal import escape_terminal

Path = tuple[str | int, ...]

_WORD = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_LONGEST_KEY = 64


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """What is wrong (`text`, with what to write), at which line and which `path` of the file."""

    line: int
    path: str
    text: str

    def told(self, file: str) -> str:
        """Put the problem on one line that is safe to print, whatever the file holds."""
        place = f"{file}:{self.line}" if self.line else file
        return escape_terminal(": ".join(part for part in (place, self.path, self.text) if part))


def shown(path: Path) -> str:
    """Write a path as `organizations[1].role_arn`; a key that is no plain word stands in quotes."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _WORD.fullmatch(step):
            text += f".{step}" if text else step
        else:
            text += f"[{json.dumps(step[:_LONGEST_KEY])}]"
    return text
