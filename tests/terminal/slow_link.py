"""A line like a phone's, for `ssh -o ProxyCommand`: HOST PORT DELAY RATE (seconds each way, bytes per second down)."""

import asyncio
import os
import sys

HOST, PORT, DELAY, RATE = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])
PIECE = 1024


async def carry(source: asyncio.StreamReader, sink: asyncio.StreamWriter, rate: float) -> None:
    """Pass bytes on, no faster than the rate, each piece `DELAY` after it was ready. What doesn't fit waits with the
    sender, as on a real line."""
    loop = asyncio.get_running_loop()
    under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(maxsize=64)

    async def arrive() -> None:
        while True:
            due, data = await under_way.get()
            await asyncio.sleep(max(0.0, due - loop.time()))
            sink.write(data)
            await sink.drain()
            if not data:
                return

    arriving = asyncio.create_task(arrive())
    while data := await source.read(PIECE):
        await asyncio.sleep(len(data) / rate)
        await under_way.put((loop.time() + DELAY, data))
    await under_way.put((loop.time(), b""))
    await arriving


async def main() -> None:
    loop = asyncio.get_running_loop()
    far_reader, far_writer = await asyncio.open_connection(HOST, PORT, limit=PIECE)
    near_reader = asyncio.StreamReader(limit=PIECE)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(near_reader), sys.stdin)
    transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, sys.stdout)
    near_writer = asyncio.StreamWriter(transport, protocol, None, loop)
    ways = {
        asyncio.create_task(carry(near_reader, far_writer, 1e9)),
        asyncio.create_task(carry(far_reader, near_writer, RATE)),
    }
    await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    os._exit(0)


asyncio.run(main())
