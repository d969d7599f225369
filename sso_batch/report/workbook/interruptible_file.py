"""A file that can be given up in the middle of writing a workbook."""

import io
from collections.abc import Callable
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:  # Python 3.12 has it in collections.abc
    from typing_extensions import Buffer


class InterruptibleFile(io.RawIOBase):
    """A binary file that calls `checkpoint` before each write.

    Once `checkpoint` has raised, further writes are discarded without an error: an interrupted ZipFile still
    writes its end when it is garbage-collected.
    """

    def __init__(self, file: IO[bytes], checkpoint: Callable[[], None]) -> None:
        self._file: IO[bytes] = file
        self._checkpoint = checkpoint

    def write(self, data: "Buffer") -> int:
        """Append bytes."""
        try:
            self._checkpoint()
        except BaseException:
            self._file, self._checkpoint = io.BytesIO(), lambda: None
            raise
        return self._file.write(data)

    def tell(self) -> int:
        """Return the current position."""
        return self._file.tell()

    def seek(self, offset: int, origin: int = io.SEEK_SET) -> int:
        """Move to another position."""
        return self._file.seek(offset, origin)

    def seekable(self) -> bool:
        """Return whether the file supports `seek`."""
        return self._file.seekable()
