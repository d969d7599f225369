"""Characters that a terminal obeys or hides: escape sequences, other controls, those that turn text round."""


def printable(text: str) -> str:
    """The text on one line, escapes in the place of whatever is not plainly seen."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def printable_lines(text: str) -> str:
    """The same for a text of several lines."""
    return "\n".join(map(printable, text.split("\n")))
