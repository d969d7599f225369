"""The generated documents are the program's own words."""

from pathlib import Path

import pytest

from tests.documents.generated import DOCUMENTS


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_reference(path: Path) -> None:
    """The file is what `make docs` would write."""
    assert path.read_text() == DOCUMENTS[path](), "run `make docs`"
