"""What cannot be seen is written out."""

import pytest

from sso_batch.sanitize.html import visible


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
def test_visible(text: str, shown: str) -> None:
    """Hidden characters are named, scripts of the world stay as they are, and all of it can be encoded."""
    assert visible(text) == shown
    assert visible(text).encode().decode() == shown
