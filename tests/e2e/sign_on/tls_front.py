"""HTTPS for a server that has none: it decrypts, and passes every byte on."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHUNK = 64 * 1024


@contextmanager
def tls_front(certificate: Path, key: Path, behind: int) -> Iterator[int]:
    """Yield the port that speaks TLS for the plain port *behind* on this machine."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    front = _Front(tls, behind)
    # In a thread of its own: Playwright has a running loop in this one.
    thread = Thread(target=lambda: asyncio.run(front.serve()), name="TLS front")
    thread.start()
    loop, end, port = front.ready.result(timeout=10)
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(end.set)
        thread.join(timeout=10)


@dataclass
class _Front:
    tls: ssl.SSLContext
    behind: int
    ready: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event, int]] = field(
        default_factory=Future
    )

    async def serve(self) -> None:
        """Serve until the event is set that *ready* has."""
        end = asyncio.Event()
        server = await asyncio.start_server(self._pass_on, "127.0.0.1", 0, ssl=self.tls)
        port = server.sockets[0].getsockname()[1]
        self.ready.set_result((asyncio.get_running_loop(), end, port))
        await end.wait()
        server.close()

    async def _pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        inner_reader, inner_writer = await asyncio.open_connection(
            "127.0.0.1", self.behind
        )
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(
                _copy(reader, inner_writer), _copy(inner_reader, writer)
            )


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        with contextlib.suppress(OSError):
            while chunk := await reader.read(CHUNK):
                writer.write(chunk)
                await writer.drain()
    finally:
        writer.close()
