"""Seals what providers need for polling after a restart: signed URLs, which are secrets."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from quarterdeck.paths import private_dir
from quarterdeck.store.base import StoreError


class FileSeal:
    """Seals with a key that lies in a file only its owner can read, apart from the store.

    A store that is copied or shared gives away no token without the key of the machine that stored it.
    """

    def __init__(self, key_file: Path) -> None:
        """Use the key in this file; one is made if there is none.

        Raises:
            StoreError: the file can't be made or read, or holds no key.
        """
        try:
            self._fernet = Fernet(_key(key_file))
        except OSError as error:
            raise StoreError(
                f"key {key_file} can't be used: {error.strerror or error}", "check owner and permissions of the folder"
            ) from error
        except ValueError as error:
            raise StoreError(
                f"key {key_file} is damaged", "move it away; operations in progress are then settled by reading"
            ) from error

    def seal(self, text: str) -> str:
        """The text, unreadable without the key."""
        return self._fernet.encrypt(text.encode()).decode()

    def unseal(self, sealed: str) -> str:
        """The text again.

        Raises:
            ValueError: it was sealed with another key, or is damaged.
        """
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken as error:
            raise ValueError("sealed with another key, or damaged") from error


def _key(path: Path) -> bytes:
    """The key in the file. A new one is put in place whole, so that two processes never have different ones."""
    if not path.exists():
        private_dir(path.parent)
        aside = path.with_name(f".{path.name}-{os.urandom(6).hex()}")
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(Fernet.generate_key())
        with suppress(FileExistsError):
            os.link(aside, path)
        aside.unlink()
    return path.read_bytes()
