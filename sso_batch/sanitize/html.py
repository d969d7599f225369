"""Text for people to read in a page or a workbook: hidden characters become visible."""

import re

# Control characters, line separators, direction overrides, zero-width characters, unpaired surrogates, tags
# and non-characters. The joiners U+200C and U+200D stay: several languages need them.
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff"
    "\ud800-\udfff\U000e0000-\U000e0fff]"
)


def show_hidden(text: str) -> str:
    """Return the text with each hidden character written as `[U+202E]`."""
    return _HIDDEN.sub(lambda found: f"[U+{ord(found[0]):04X}]", text)
