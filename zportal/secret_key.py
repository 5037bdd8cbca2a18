"""The secret key that a first start generates."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path
from tempfile import mkstemp


def ensure_secret_key(path: Path) -> str:
    """Return the key stored in *path*, generating it when there is none.

    The file appears complete and readable by its owner only, and of two processes
    that start at once one generates the key and both return it.
    """
    if not path.is_file():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, temporary = mkstemp(dir=path.parent, prefix=f"{path.name}.")
        try:
            with os.fdopen(handle, "w") as file:
                file.write(f"{secrets.token_urlsafe(48)}\n")
            with suppress(FileExistsError):
                path.hardlink_to(temporary)
        finally:
            Path(temporary).unlink()
    return path.read_text().strip()
