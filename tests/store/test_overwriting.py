"""Tests of the store that replaces files."""

from pathlib import Path

from sso_batch.run_files.writer import write_document
from sso_batch.store import Folder, OverwritingStore


def test_a_published_file_replaces_another(tmp_path: Path) -> None:
    """A published file replaces the file of the same name; other files stay unchanged."""
    store = OverwritingStore(Folder(tmp_path))
    write_document(store, "a", b"first")
    write_document(store, "b", b"other")

    entry = write_document(store, "a", b"second")

    assert entry.bytes == 6
    assert b"".join(store.read("a")) == b"second"
    assert sorted(file.name for file in store.stored()) == ["a", "b"]
    store.remove("b")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert store.name == str(tmp_path)
