"""A definition file on disk: read whole, and replaced whole or not at all."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from quarterdeck.fleet.text import clean
from quarterdeck.providers.base import InDoubt, ProviderError, Refused
from quarterdeck.providers.flagd.definitions import Definitions
from quarterdeck.providers.flagd.parsing import parsed

LARGEST = 4 * 1024 * 1024
"""Bytes. A flag takes some hundred."""


class Files:
    """Definition files, each parsed once for as long as its text stays as it is: a clock is too coarse to tell."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[bytes, Definitions]] = {}

    def read(self, path: Path) -> Definitions:
        """What it holds now. Raises ProviderError."""
        with _told(path), open(path, "rb") as file:
            content = file.read(LARGEST + 1)
        known = self._known.get(path)
        if known and known[0] == content:
            return known[1]
        found = definitions(content, path)
        self._known[path] = (content, found)
        return found


def definitions(content: bytes, path: Path) -> Definitions:
    """What bytes of a file mean. Raises ProviderError."""
    name = _name(path)
    if len(content) > LARGEST:
        message = f"{name} is larger than {LARGEST // 1024**2} MiB"
        raise ProviderError("misconfigured", message, "is it a flagd definition? check `file`")
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ProviderError("garbage", f"{name}, line {line}: this isn't UTF-8", "mend the file") from None
    return Definitions(name, text, parsed(text, name))


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """No other program that asks for the lock (flock) replaces the file during the block.

    Raises:
        Refused: somebody has it.
    """
    real = Path(os.path.realpath(path))
    with _refusing(path), open(real, "rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"{_name(path)} is locked by another program"
            raise Refused("provider_error", message, "plan it again in a moment") from None
        if os.fstat(file.fileno()).st_ino != real.stat().st_ino:
            raise Refused("provider_error", f"{_name(path)} was just replaced by another program", "plan it again")
        yield


def replace(path: Path, before: str, after: str, may_write: Callable[[], None]) -> None:
    """Put a new text in place of the one that was read, in one step: who reads the file gets the one or the other.

    A link is followed, mode and owner stay. The lock has to be held.

    Raises:
        Refused: it isn't as it was read, or can't be replaced; nothing was changed.
        InDoubt: it was replaced, but nobody knows whether that outlasts a power failure.
    """
    real = Path(os.path.realpath(path))
    with _refusing(path):
        status = real.stat()
        if status.st_nlink > 1:
            message = f"{_name(path)} has {status.st_nlink} names (hard links), and the others would keep the old text"
            raise Refused("misconfigured", message, "make the others symbolic links")
        number, name = tempfile.mkstemp(prefix=f".{real.name}.", dir=real.parent)
        try:
            with open(number, "wb") as file:
                file.write(after.encode())
                os.fchmod(file.fileno(), stat.S_IMODE(status.st_mode))
                _keep_owner(file.fileno(), status, path)
                file.flush()
                os.fsync(file.fileno())
            if real.read_bytes() != before.encode():
                raise Refused("provider_error", f"{_name(path)}: somebody changed it just now", "plan it again")
            may_write()
            os.replace(name, real)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(name)
            raise
    try:
        folder = os.open(real.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise InDoubt("provider_error", f"{_name(path)} was replaced, but not surely for good: {_why(error)}") from None


def writable(path: Path) -> bool:
    """Whether it may be replaced: a matter of its folder, and of the file so that a mark on it counts."""
    real = os.path.realpath(path)
    return os.access(real, os.W_OK) and os.access(os.path.dirname(real), os.W_OK)


def _keep_owner(number: int, status: os.stat_result, path: Path) -> None:
    mine = os.fstat(number)
    if (mine.st_uid, mine.st_gid) == (status.st_uid, status.st_gid):
        return
    try:
        os.fchown(number, status.st_uid, status.st_gid)
    except PermissionError:
        message = f"{_name(path)} belongs to somebody else (user {status.st_uid}, group {status.st_gid})"
        raise Refused("forbidden", message, "run as its owner, so that it stays theirs") from None


@contextmanager
def _refusing(path: Path) -> Iterator[None]:
    """What goes wrong within the block changed nothing."""
    try:
        with _told(path):
            yield
    except (Refused, InDoubt):
        raise
    except ProviderError as error:
        raise error.before_sending() from None


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Errors of the system in our words."""
    try:
        yield
    except FileNotFoundError:
        raise ProviderError("not_found", f"there is no file {_name(path)}", "check `file`") from None
    except PermissionError as error:
        raise ProviderError("forbidden", f"{_name(path)}: {_why(error)}", "check its mode and its folder's") from None
    except OSError as error:
        hint = "mount its folder instead of the file alone" if error.errno == errno.EBUSY else ""
        raise ProviderError("provider_error", f"{_name(path)}: {_why(error)}", hint) from None


def _name(path: Path) -> str:
    return clean(path.name, 80)


def _why(error: OSError) -> str:
    return clean(error.strerror or type(error).__name__, 80).lower()
