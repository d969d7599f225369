"""Text from AWS as people may see it: what cannot be seen, or deceives the eye, is written out."""

import re

# Control characters, line separators, what turns the direction of text, what has no width, halves of
# surrogate pairs, tags and non-characters. The joiners U+200C and U+200D belong to how languages are written.
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff"
    "\ud800-\udfff\U000e0000-\U000e0fff]"
)


def visible(text: str) -> str:
    """The text with each hidden character as `[U+202E]`."""
    return _HIDDEN.sub(lambda found: f"[U+{ord(found[0]):04X}]", text)
