"""The one error of reading and writing files."""

from studio.document.errors import FileError, shown

__all__ = ["FileError", "shown"]
