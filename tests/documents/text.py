"""The Markdown files of the project, and the blocks in them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its language, its text without indentation, and where it is."""

    file: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


def documents() -> tuple[Path, ...]:
    """Return every Markdown file of the project, in order."""
    own = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / ".github").rglob("*.md")]
    return tuple(sorted(own))


def blocks(*languages: str, within: str = "") -> tuple[Block, ...]:
    """Return the fenced blocks of these languages, of all documents or of one."""
    found = (block for path in documents() for block in _blocks(path))
    return tuple(block for block in found if block.language in languages and within in ("", block.file))


def marked(file: str, name: str) -> str:
    """Return what is between `<!-- name -->` and `<!-- /name -->` in a document."""
    text = (ROOT / file).read_text()
    found = re.search(rf"<!-- {name} -->\n(.*?)<!-- /{name} -->", text, re.DOTALL)
    assert found, f"{file} has no part {name}"
    return found[1]


def _blocks(path: Path) -> Iterator[Block]:
    name, text = str(path.relative_to(ROOT)), path.read_text()
    for found in re.finditer(r"^( *)```(\w+)\n(.*?)^\1```$", text, re.DOTALL | re.MULTILINE):
        indent, language, body = found.groups()
        line = text.count("\n", 0, found.start()) + 1
        yield Block(name, line, language, re.sub(rf"^{indent}", "", body, flags=re.MULTILINE))
