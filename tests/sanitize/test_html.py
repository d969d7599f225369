"""Tests of text that people read."""

import pytest

from sso_batch.sanitize.html import show_hidden


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("Siobhán Ní Bhriain 株式会社 👩‍💻 نمی‌خواهم", "Siobhán Ní Bhriain 株式会社 👩‍💻 نمی‌خواهم"),
        ("a\r\nb\tc\x00", "a[U+000D][U+000A]b[U+0009]c[U+0000]"),
        ("\u202etxt.exe", "[U+202E]txt.exe"),
        ("\u2066x\u2069\u200b\ufeff", "[U+2066]x[U+2069][U+200B][U+FEFF]"),
        ("\u2028\u2029\u061c", "[U+2028][U+2029][U+061C]"),
        ("\x85\x1b[31m", "[U+0085][U+001B][31m"),
        ("\ud800 \uffff \U000e0041", "[U+D800] [U+FFFF] [U+E0041]"),
    ],
)  # fmt: skip
def test_show_hidden(text: str, shown: str) -> None:
    """Hidden characters become visible, every script stays readable, and the result can be encoded."""
    assert show_hidden(text) == shown
    assert show_hidden(text).encode().decode() == shown
