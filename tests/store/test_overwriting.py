"""A place in which files are replaced."""

from pathlib import Path

from sso_batch.run_files.writer import write_document
from sso_batch.store import Folder, OverwritingStore


def test_a_name_that_is_taken(tmp_path: Path) -> None:
    """Whatever is published takes the place of what has its name; the rest of the folder is as it was."""
    place = OverwritingStore(Folder(tmp_path))
    place.prepare()
    write_document(place, "a", b"first")
    write_document(place, "b", b"other")

    entry = write_document(place, "a", b"second")

    assert entry.bytes == 6
    assert b"".join(place.read("a", skip=1)) == b"econd"
    assert sorted(file.name for file in place.stored()) == ["a", "b"]
    place.remove("b")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert place.name == str(tmp_path)
