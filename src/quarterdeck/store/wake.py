"""Waking the runner: one datagram on a socket beside the store, so that it needn't wait for its next look.

Best effort: a datagram may be lost, so the runner also looks by itself every second or so. It carries no meaning;
what there is to do stands in the store.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_LONGEST_ADDRESS = 100
"""Bytes; the kernel takes about 104 to 108 in a socket's address."""


def poke(store: Path) -> None:
    """Wake the runner of this store, if there is one. Never blocks, never raises."""
    import socket  # Here, because most who open a store only read it, and start quickly.

    with (
        suppress(OSError),
        address_of(store) as address,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender,
    ):
        sender.setblocking(False)
        sender.sendto(b"!", address)


def socket_path(store: Path) -> Path:
    """Where the socket of this store lies."""
    return store.with_name(store.name + ".wake")


@contextmanager
def address_of(store: Path) -> Iterator[str]:
    """The address of a store's socket; a long one is shortened through the folder's descriptor, as Linux allows."""
    path = socket_path(store)
    if len(os.fsencode(path)) <= _LONGEST_ADDRESS:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
