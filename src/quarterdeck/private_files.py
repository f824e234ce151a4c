"""Text in files that only their owner can read (0600): one that is new, or one that takes another's place whole."""

from __future__ import annotations

import os
from typing import IO


def begin(folder: str | os.PathLike[str], stem: str, suffix: str) -> tuple[str, IO[str]]:
    """A file that wasn't there, to be written: its path, and the open file. A number is added to its name where it has
    to be (`stem-2.txt`): what was written before stays.

    Raises:
        OSError: if it can't be made.
    """
    number = 1
    while True:
        path = os.path.join(folder, f"{stem}{f'-{number}' if number > 1 else ''}{suffix}")
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            number += 1
            continue
        return path, open(handle, "w", encoding="utf-8", errors="backslashreplace")


def put(path: str | os.PathLike[str], text: str) -> None:
    """Have a file hold this text, whole or not at all: who reads it meanwhile, or after a crash, sees the old one or
    the new one. Of several writers at once the last one wins.

    Raises:
        OSError: if it can't be written.
    """
    aside = f"{os.fspath(path)}-{os.getpid()}"
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with open(handle, "w", encoding="utf-8", errors="replace") as file:
        file.write(text)
    os.replace(aside, path)
