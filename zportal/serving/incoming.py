"""A request on its way in: when has all of it arrived?

Only that is decided here, as a buffering proxy decides it; what a request means is
still read by gunicorn's parser, from the same bytes. What cannot be understood counts
as arrived: the parser refuses it.
"""

from __future__ import annotations

import re

from zportal.settings import DATA_UPLOAD_MAX_MEMORY_SIZE

LARGEST_HEAD = 1024 * 1024
"""Bytes of request line and headers; gunicorn's own limits are below it."""

LARGEST_BODY = DATA_UPLOAD_MAX_MEMORY_SIZE
"""Bytes of a body that is gathered. A larger one is refused before it has arrived."""

LARGEST_CHUNKED = 2 * LARGEST_BODY
"""The same with the sizes between the chunks, which may outweigh them."""

_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = re.compile(
    rb"\r\nContent-Length:[ \t]*([0-9]{1,18})[ \t]*\r\n", re.IGNORECASE
)
_CHUNKED = re.compile(rb"\r\nTransfer-Encoding:[^\r]*chunked", re.IGNORECASE)
_EXPECT = re.compile(rb"\r\nExpect:[ \t]*100-continue[ \t]*(?=\r\n)", re.IGNORECASE)
_CHUNK_SIZE_LINE = 8190


class Incoming:
    """The bytes of one request as far as they have arrived, and of what follows it."""

    def __init__(self, begun: bytes = b"") -> None:
        self.data = bytearray(begun)
        self.body_start = 0
        """Where the head ends; 0 until it has."""
        self._end: int | None = None
        """Where the request ends; of a chunked one, known when it has arrived."""
        self._chunk = 0
        """Where the next chunk of a chunked body begins."""
        self._searched = 0

    @property
    def is_whole(self) -> bool:
        """Whether the request has arrived to its last byte."""
        return self._end is not None and self._end <= len(self.data)

    @property
    def is_ready(self) -> bool:
        """Whether waiting has an end: it is whole, too large, or beyond understanding."""
        if not self.body_start and not self._find_head():
            return len(self.data) > LARGEST_HEAD
        if self._end is None:
            return self._find_last_chunk()
        return self.is_whole or self._end - self.body_start > LARGEST_BODY

    def split(self) -> tuple[bytes, bytes]:
        """Return the request, and what has arrived of the next one."""
        end = self._end if self.is_whole else None
        if end is None or end == len(self.data):
            return bytes(self.data), b""
        return bytes(self.data[:end]), bytes(self.data[end:])

    def take_expectation(self) -> bool:
        """Remove ``Expect: 100-continue``; return whether the client waits for it.

        Of a body that is going to be refused it stays: its sender need not begin.
        """
        found = _EXPECT.search(self.data, 0, self.body_start)
        if found is None or self.is_ready:
            return False
        removed = found.end() - found.start()
        del self.data[found.start() : found.end()]
        self.body_start -= removed
        if self._end is not None:
            self._end -= removed
        self._chunk -= removed
        return True

    def _find_head(self) -> bool:
        found = self.data.find(_END_OF_HEAD, max(0, self._searched - 3))
        self._searched = len(self.data)
        if found < 0:
            return False
        self.body_start = found + len(_END_OF_HEAD)
        if _CHUNKED.search(self.data, 0, self.body_start):
            self._chunk = self.body_start
        else:
            length = _LENGTH.search(self.data, 0, self.body_start)
            self._end = self.body_start + (int(length[1]) if length else 0)
        return True

    def _find_last_chunk(self) -> bool:
        """Follow the sizes of the chunks as far as they have arrived (RFC 9112, 7.1)."""
        while self._chunk < len(self.data):
            line_end = self.data.find(b"\r\n", self._chunk)
            if line_end < 0:
                return len(self.data) - self._chunk > _CHUNK_SIZE_LINE
            try:
                size = int(self.data[self._chunk : line_end].partition(b";")[0], 16)
            except ValueError:
                return True
            if size <= 0:
                return self._find_trailers(line_end)
            self._chunk = line_end + 2 + size + 2
        return len(self.data) - self.body_start > LARGEST_CHUNKED

    def _find_trailers(self, line_end: int) -> bool:
        """A blank line ends the trailers, of which there are hardly ever any."""
        found = self.data.find(_END_OF_HEAD, line_end)
        if found >= 0:
            self._end = found + len(_END_OF_HEAD)
        return found >= 0 or len(self.data) - line_end > LARGEST_HEAD
