"""Every relative link of a document leads to a file, and to a heading in it."""

import re
from pathlib import Path

import pytest

from tests.documents.text import ROOT, documents

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_PICTURE = re.compile(r'(?:src|srcset)="([^"]+)"')
_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)


def anchors(path: Path) -> set[str]:
    """Return the anchors that a code host makes of a document's headings."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken(path: Path) -> list[str]:
    """Return the links of a document that lead nowhere."""
    wrong = []
    for link in _LINK.findall(_CODE.sub("", path.read_text())):
        if re.match(r"[a-z]+:", link):
            continue
        target, _, anchor = link.partition("#")
        found = (path.parent / target).resolve() if target else path
        if not found.exists() or (anchor and anchor not in anchors(found)):
            wrong.append(link)
    return wrong


@pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_links(path: Path) -> None:
    """No link is broken."""
    assert broken(path) == []


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    """A file that is missing and a heading that is missing are both found; links in code are ignored."""
    document = tmp_path / "document.md"
    document.write_text("# One two\n[a](gone.md) [b](#one-two) [c](#three) `[d](gone.md)`\n")

    assert broken(document) == ["gone.md", "#three"]


def test_every_document_is_reached() -> None:
    """From the README every document under docs can be reached by links."""
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        path = waiting.pop()
        reached.add(path)
        for link in _LINK.findall(_CODE.sub("", path.read_text())):
            target = (path.parent / link.partition("#")[0]).resolve()
            if target.suffix == ".md" and target.exists() and target not in reached:
                waiting.append(target)

    assert {path for path in documents() if ".github" not in path.parts} <= reached


def test_named_tests_exist() -> None:
    """A test that a document names as evidence is there."""
    named = {
        name
        for path in documents()
        for name in re.findall(r"`(tests/[\w/]+\.py(?:::\w+)?)`", path.read_text())
    }
    missing = []
    for name in sorted(named):
        file, _, function = name.partition("::")
        found = (ROOT / file).is_file() and (not function or f"def {function}(" in (ROOT / file).read_text())
        if not found:
            missing.append(name)

    assert named
    assert missing == []


def test_pictures() -> None:
    """Documents show every picture, light and dark, and no other."""
    shown = {
        (path.parent / picture).resolve()
        for path in documents()
        for picture in _PICTURE.findall(_CODE.sub("", path.read_text()))
    }

    assert shown == set((ROOT / "docs" / "images").iterdir())
