"""The log of the server's own processes, which quotes requests that it cannot read."""

from __future__ import annotations

import logging
from typing import Any

from gunicorn.glogging import Logger

from zportal.serving.log_lines import LineFormatter


class LineLogger(Logger):  # type: ignore[misc]
    """gunicorn's logs, with each record on a line of its own."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in (*self.error_log.handlers, *self.access_log.handlers):
            made = handler.formatter or logging.Formatter()
            handler.setFormatter(LineFormatter(made._fmt, made.datefmt))  # noqa: SLF001
