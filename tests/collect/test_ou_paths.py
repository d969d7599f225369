"""The fastest way to read OU names, and how names are joined."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso_batch.collect.ou_paths import describing_is_faster, join_names


@pytest.mark.parametrize(
    ("units", "parents", "faster"),
    [
        (0, 1, True),
        (1, 1, True),
        (2, 1, False),
        (2, 2, True),
        (10, 1, False),
        (40, 10, False),
        (4, 13, False),
    ],
)
def test_describing(units: int, parents: int, faster: bool) -> None:  # noqa: FBT001 - both are looked at
    """Each OU is read by itself only if that takes less time at AWS's rate limits than listing parents."""
    assert describing_is_faster(units, parents) == faster


@pytest.mark.parametrize(
    ("names", "path"),
    [
        (["Root"], "Root"),
        (["Root", "Prod", "Payments"], "Root/Prod/Payments"),
        (["Root", "a/b", "c;d", "e\\f"], r"Root/a\/b/c\;d/e\\f"),
        ([], ""),
    ],
)
def test_join_names(names: list[str], path: str) -> None:
    r"""Names are joined by slashes; slashes, semicolons and backslashes in them are escaped."""
    assert join_names(names) == path


@given(names=st.lists(st.text(st.sampled_from("a/;\\"), max_size=4), min_size=1, max_size=4))
def test_no_two_paths_are_alike(names: list[str]) -> None:
    """The names can be recovered from a path, whatever they contain."""
    parts, escaped = [""], False
    for character in join_names(names):
        if escaped or character not in "/\\":
            parts[-1] += character
            escaped = False
        elif character == "\\":
            escaped = True
        else:
            parts.append("")

    assert parts == names
