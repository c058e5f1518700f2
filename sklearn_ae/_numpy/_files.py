"""Files that are written whole or not at all, and read only if they are files."""

import errno
import os
import stat
from collections.abc import Callable
from typing import IO
from uuid import uuid4

__all__ = ["check_is_file", "replace_file"]

Path = str | bytes | os.PathLike


def replace_file(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Let ``write`` fill a new file, which takes the place of ``path`` once it is whole.

    What was at ``path`` stays until the new file is on the disk, and if anything fails.
    The file that a link leads to is replaced, and keeps its mode.
    """
    given = os.fsdecode(path)
    place = os.path.realpath(given)
    mode = None
    if os.path.lexists(place) or given.endswith("/"):
        check_is_file(given)
        mode = stat.S_IMODE(os.stat(place).st_mode)
        if not os.access(place, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), given)
    # Beside it, since a rename is one step only within a file system.
    beside = os.path.join(os.path.dirname(place), f".{uuid4().hex}.tmp")

    def opener(name: str, flags: int) -> int:
        return os.open(name, flags, 0o666 if mode is None else mode)

    try:
        with open(beside, "xb", opener=opener) as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            os.chmod(beside, mode)
        os.replace(beside, place)
    except BaseException as error:  # Ctrl-C too leaves nothing behind
        if os.path.exists(beside):
            os.unlink(beside)
        if isinstance(error, OSError) and error.filename == beside:
            error.filename = given  # the name that the user knows
            if error.filename2 is not None:  # of a rename
                del error.filename2
        raise
    if os.name == "posix":  # the new name is on the disk once the folder is
        folder = os.open(os.path.dirname(place), os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def check_is_file(path: Path) -> None:
    """Raise ValueError for a folder, a pipe or a device; OSError if nothing is there."""
    # A pipe or a device would be read without end.
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise ValueError(
            f"{os.fsdecode(path)!r} is no regular file; expected one. Pass the path of a "
            "file, and not of a folder, a pipe or a device."
        )
