"""How high a row is: LibreOffice does not measure the rows of files that other programs wrote. Pure."""

import textwrap
from functools import lru_cache

_LINE = 15.0  # points
_MAX_LINES = 20
"""More are not shown at once; Excel allows 409 points."""
_CACHED = 256  # sentences that many rows have


def count_lines(text: str, width: int) -> int:
    """Return how many lines a text needs in a cell of that many characters, up to a limit."""
    return _count_lines(text[: width * _MAX_LINES], width)


@lru_cache(_CACHED)
def _count_lines(text: str, width: int) -> int:
    return len(textwrap.wrap(text, width)) or 1


def height_of(lines: int) -> float:
    """Return the height of a row in points."""
    return _LINE * min(lines, _MAX_LINES)
