"""One line for each record of the log, whatever clients put into it.

Logins, paths, headers and errors that quote them reach the log. With a line break in it,
such a text would look like a line of its own; with an escape sequence it would command
the terminal of whoever reads the log (CWE-117, CWE-150).
"""

from __future__ import annotations

import logging
import re
import traceback
from types import TracebackType
from typing import TypeAlias

ExcInfo: TypeAlias = (
    tuple[type[BaseException], BaseException, TracebackType | None]
    | tuple[None, None, None]
)

EXPLAINED = "django.security."
"""Loggers of refused requests: their line says all, and where in the code it was nothing."""

_FRAME = re.compile(r'[\s|+-]*File "')
_INDENT = "  "


class LineFormatter(logging.Formatter):
    """Escapes all that is not printable; a traceback follows, indented.

    Printable is what ``str.isprintable`` says: no control characters, line separators,
    marks of direction, invisible ones and halves of surrogate pairs.
    """

    def format(self, record: logging.LogRecord) -> str:
        # Not the method of the base: it takes over what another formatter made of it.
        record.message = record.getMessage()
        if self.usesTime():
            record.asctime = self.formatTime(record, self.datefmt)
        parts = [escape(self.formatMessage(record))]
        if record.exc_info and not record.name.startswith(EXPLAINED):
            parts.append(self.formatException(record.exc_info))
        if record.stack_info:
            parts.append(_indented(record.stack_info))
        return "\n".join(parts)

    def formatException(self, ei: ExcInfo) -> str:  # noqa: N802 - logging's
        """Return the traceback; line breaks in the text of an exception are escaped."""
        if ei[1] is None:
            return f"{_INDENT}No exception."
        pieces = traceback.TracebackException.from_exception(ei[1]).format()
        return "\n".join(
            _indented(piece) if _FRAME.match(piece) else _INDENT + escape(piece)
            for piece in (each.removesuffix("\n") for each in pieces)
        )


def escape(text: str) -> str:
    """Write what is not printable as Python would: a line break becomes ``\\n``."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode()
        for char in text
    )


def _indented(text: str) -> str:
    return "\n".join(_INDENT + escape(line) for line in text.split("\n"))
