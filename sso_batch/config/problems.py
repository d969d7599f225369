"""A problem of a configuration file, and how it is shown."""

import json
import re
from dataclasses import dataclass

from sso_batch.sanitize import escape_terminal

KeyPath = tuple[str | int, ...]
"""The keys and list indexes that lead to a value."""

_PLAIN_KEY = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_MAX_KEY_LENGTH = 64


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """What is wrong and what to write (`text`), with its line (0 if unknown) and the `path` of the key."""

    line: int
    path: str
    text: str

    def format(self, file: str) -> str:
        """Return the problem on one line that is safe to print, whatever the file contains."""
        place = f"{file}:{self.line}" if self.line else file
        return escape_terminal(": ".join(part for part in (place, self.path, self.text) if part))


def format_path(path: KeyPath) -> str:
    """Return a path such as `organizations[1].role_arn`; keys with other characters are quoted."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _PLAIN_KEY.fullmatch(step):
            text += f".{step}" if text else step
        else:
            text += f"[{json.dumps(step[:_MAX_KEY_LENGTH])}]"
    return text
