"""The secret key: one that a first start generates, and how hard a given one is to guess."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path
from tempfile import mkstemp

from django.contrib.auth.password_validation import CommonPasswordValidator

SHORTEST_WORD = 5
"""Letters of a common password that count as a word; shorter ones occur by chance."""

LONGEST_WORD = 16


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


def surprises(key: str) -> int:
    """Return how many characters of *key* do not follow from those before them.

    What follows is a character that ends three which were there before, one that goes on
    counting (``aaa``, ``abc``, ``321``), and the inside of a common password. Of a key by
    chance nearly all are left: of 64 hexadecimal digits 61 or more as a rule.
    """
    key = key.lower()
    expected = _words(key)
    for end in range(3, len(key) + 1):
        before, here, after = map(ord, key[end - 3 : end])
        is_counting = here - before == after - here and abs(after - here) <= 1
        if is_counting or key[end - 3 : end] in key[: end - 1]:
            expected.add(end - 1)
    return len(key) - len(expected)


def _words(key: str) -> set[int]:
    """Return where common passwords go on in *key*; Django has a list of 20,000."""
    common = CommonPasswordValidator().passwords
    inside: set[int] = set()
    for start in range(len(key)):
        for end in range(start + SHORTEST_WORD, start + LONGEST_WORD + 1):
            if key[start:end] in common:
                inside.update(range(start + 1, min(end, len(key))))
    return inside
