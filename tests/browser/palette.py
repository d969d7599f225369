"""Reduces pictures to PNGs with at most 256 colors, a third of their size."""

import re
import struct
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLORS = 256

Color = tuple[int, int, int]
_WHITE: Color = (255, 255, 255)


def with_palette(png: bytes) -> bytes:
    """Return the picture with its most frequent colors; every other color becomes the nearest of them.

    Accepts what Chromium writes: 8 bits per channel, not interlaced, with or without an alpha channel.
    """
    chunks = list(_chunks(png))
    width, height, depth, kind, _, _, interlaced = struct.unpack(">IIBBBBB", chunks[0][1])
    if depth != 8 or kind not in {2, 6} or interlaced:
        raise ValueError("not a PNG as Chromium writes it: 8 bits per channel, not interlaced")
    size = 3 if kind == 2 else 4
    lines = _unfiltered(b"".join(data for name, data in chunks if name == b"IDAT"), width, height, size)
    return _encoded([_pixels(line, size) for line in lines])


def trimmed(ppm: bytes, margin: int) -> bytes:
    """Return what is on a white page, with a margin of so many pixels.

    Accepts the binary PPM format with 8 bits per channel.
    """
    found = re.match(rb"P6\s+(\d+)\s+(\d+)\s+255\s", ppm)
    if found is None:
        raise ValueError("not a picture in the binary PPM format with 8 bits per channel")
    width, data = int(found[1]), ppm[found.end() :]
    lines = [_pixels(data[start : start + 3 * width], 3) for start in range(0, len(data), 3 * width)]
    rows = [number for number, line in enumerate(lines) if set(line) != {_WHITE}]
    columns = [number for number, line in enumerate(zip(*lines, strict=True)) if set(line) != {_WHITE}]
    around = [_WHITE] * margin
    inner = [
        [*around, *line[columns[0] : columns[-1] + 1], *around] for line in lines[rows[0] : rows[-1] + 1]
    ]
    above = [[_WHITE] * len(inner[0])] * margin
    return _encoded([*above, *inner, *above])


def _pixels(line: bytes | bytearray, size: int) -> list[Color]:
    return list(zip(line[0::size], line[1::size], line[2::size], strict=True))


def _encoded(pixels: Sequence[Sequence[Color]]) -> bytes:
    palette, index = _reduced(Counter(pixel for line in pixels for pixel in line))
    packed = b"".join(b"\0" + bytes([index[pixel] for pixel in line]) for line in pixels)
    return _SIGNATURE + b"".join(
        _chunk(name, data)
        for name, data in (
            (b"IHDR", struct.pack(">IIBBBBB", len(pixels[0]), len(pixels), 8, 3, 0, 0, 0)),
            (b"PLTE", bytes(channel for color in palette for channel in color)),
            (b"IDAT", zlib.compress(packed, 9)),
            (b"IEND", b""),
        )
    )


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_SIGNATURE)
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        yield png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        at += length + 12


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _unfiltered(data: bytes, width: int, height: int, size: int) -> Iterator[bytearray]:
    raw, length = zlib.decompress(data), width * size
    above = bytearray(length)
    for number in range(height):
        start = number * (length + 1)
        line = bytearray(raw[start + 1 : start + 1 + length])
        _undo(raw[start], line, above, size)
        yield line
        above = line


def _undo(filtered: int, line: bytearray, above: bytearray, size: int) -> None:
    """Reverse one of the five PNG filters, in place."""
    for at, value in enumerate(line):
        left, corner = (line[at - size], above[at - size]) if at >= size else (0, 0)
        up = above[at]
        guess = (0, left, up, (left + up) // 2, _paeth(left, up, corner))[filtered]
        line[at] = (value + guess) & 255


def _paeth(left: int, up: int, corner: int) -> int:
    estimate = left + up - corner
    return min((left, up, corner), key=lambda value: abs(estimate - value))


def _reduced(counts: Counter[Color]) -> tuple[list[Color], dict[Color, int]]:
    palette = [color for color, _ in counts.most_common(_COLORS)]
    index = {color: number for number, color in enumerate(palette)}
    for color in counts:
        if color not in index:
            nearest = min(
                palette, key=lambda known: sum((a - b) ** 2 for a, b in zip(known, color, strict=True))
            )
            index[color] = index[nearest]
    return palette, index
