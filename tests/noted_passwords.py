"""Settings of a live server that notes, in a file, each password that it looks at."""

from __future__ import annotations

import os
import time
from pathlib import Path

from zportal.settings import *  # noqa: F403
from zportal.sign_in.passwords import PasswordHasher

PASSWORD_HASHERS = ["tests.noted_passwords.NotingHasher"]
SLOWER = 0.05
"""Seconds, so that tries which are sent at once are looked at at once, too."""


class NotingHasher(PasswordHasher):
    """The real hasher, slowed down."""

    def verify(self, password: str, encoded: str) -> bool:
        with Path(os.environ["NOTED_PASSWORDS"]).open("a") as notes:
            notes.write(".")
        time.sleep(SLOWER)
        return super().verify(password, encoded)
