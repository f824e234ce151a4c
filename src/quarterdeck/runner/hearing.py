"""The runner's end of `store/wake.py`: hears that somebody pokes."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from quarterdeck.store.wake import address_of, socket_path


@contextmanager
def listening(store: Path, awake: Callable[[], None]) -> Iterator[None]:
    """Call `awake` on the running event loop whenever somebody pokes.

    Where no socket can be had (a file system without them), nothing ever calls: the runner's own looks have to do.
    """
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.setblocking(False)
        with suppress(OSError), address_of(store) as address:
            socket_path(store).unlink(missing_ok=True)
            listener.bind(address)
            socket_path(store).chmod(0o600)

        def drain() -> None:
            with suppress(OSError):
                while True:
                    listener.recv(16)
            awake()

        loop.add_reader(listener, drain)
        try:
            yield
        finally:
            loop.remove_reader(listener)
