"""The deny list finds what readers would have to translate."""

import pytest

from tests.documents import language


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("The file is made anew.", "made anew"),
        ("A file is\nHeld  against its manifest: held against it.", "held against"),
        ("for one in organizations:", "for one in"),
        ("    told = trouble(error)", "told"),
    ],
)
def test_planted(text: str, phrase: str) -> None:
    """A denied phrase is found in prose and in code, with what to write instead."""
    ((_, found, better),) = tuple(language.findings(text))

    assert (found, bool(better)) == (phrase, True)


def test_plain() -> None:
    """Plain words are no finding, nor are parts of words."""
    text = "Retry the call. The recommended, amended desktop manual: a way into seesaws; everyone intends it."

    assert list(language.findings(text)) == []
