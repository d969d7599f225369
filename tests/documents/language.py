"""Phrases that readers have to translate, and what to write instead: `python -m tests.documents.language`."""

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.documents.text import ROOT

DENIED: Mapping[str, str] = {
    r"anew": "again",
    r"(gone|going|go|goes|went) on with": "resume, continue",
    r"(held|hold|holds|holding) (\w+ )?against": "compare with, verify",
    r"told to end": "stopped, cancelled",
    r"of the whole": "merged",
    r"mend|mends|mended|mending": "fix",
    r"take(n|s)? away|took away": "remove",
    r"tells? of|told of|say(s)? of it": "describe, report",
    r"tells? whether": "return whether, say whether",
    r"whoever|whosoever": "the person who, anyone who",
    r"nobody is called": "unknown",
    r"look who answers": "check which endpoint or proxy is answering",
    r"is no (?=[a-z]+[.,;:'\"])": "is not a",
    r"but for": "except for",
    r"make anew|made anew|written anew": "again",
    r"the least(?! privilege)": "the minimum",
    r"slip of the pen": "typing error",
    r"way in": "access path",
    r"beside it|beside them|besides": "in addition, next to",
    r"as it stands|what stands still": "unchanged",
    r"going about": "doing",
    r"the other way (a)?round": "the reverse",
    r"ever new": "always new",
    r"thither|thereby|therein|hitherto|whence|lest|ere": "a modern word",
    r"for one in|one for one in": "name the loop variable",
    r"(?<![.\w])told(?=[ ,)=:\[])": "name the thing",
    r"\bsaw\b|_saw_\w+": "name the thing",
    r"go_on": "name the action",
    r"(?-i:Desk|Looked)": "name the thing",
}
"""Regular expressions of denied words, matched at word boundaries and without regard to case."""

_ENDINGS = (".py", ".md", ".html", ".js", ".css", ".yaml", ".yml", ".toml")
_NAMES = ("Makefile", "Dockerfile")
_OWN = ("tests/documents/language.py", "tests/documents/test_language.py")
_PATTERN = re.compile(
    "|".join(rf"(?P<d{number}>\b(?:{phrase})\b)" for number, phrase in enumerate(DENIED)), re.IGNORECASE
)


def findings(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield the line number, the denied phrase and what to write instead, in order."""
    better = tuple(DENIED.values())
    for number, line in enumerate(text.splitlines(), 1):
        for found in _PATTERN.finditer(line):
            group = found.lastgroup or ""
            yield number, found[0], better[int(group.removeprefix("d"))]


def files() -> tuple[Path, ...]:
    """Return the project's prose and code, as git lists them."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],  # noqa: S607 - whichever git
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return tuple(
        ROOT / name
        for name in listed
        if name not in _OWN and (name.endswith(_ENDINGS) or name in _NAMES or name.startswith(".ci/"))
    )


def main() -> int:
    """Print every finding; 1 where there are any."""
    found = 0
    for path in files():
        for line, phrase, better in findings(path.read_text()):
            found += 1
            sys.stdout.write(f"{path.relative_to(ROOT)}:{line}: {phrase!r}: write {better}\n")
    return int(found > 0)


if __name__ == "__main__":
    raise SystemExit(main())
