"""What is stored of a response's XML: enough to read, too little to use once more."""

from __future__ import annotations

import re

LEFT_OUT = "(left out)"

_VALUES = re.compile(
    r"(<(?:[^\s<>/:]+:)?(?:SignatureValue|CipherValue)(?:\s[^<>]*)?>)"
    r".*?(</[^<>]*>|\Z)",
    re.DOTALL,
)
"""A signature, or what is encrypted and signed inside, up to the next closing tag."""


def readable(text: str) -> str:
    """Return the XML without the values of signatures and ciphertexts.

    Who reads the log or a report must not be able to post the response once more: one
    that was refused, for an audience or a missing person, may be good tomorrow.
    """
    # PostgreSQL stores no NUL, which is every second byte of UTF-16.
    return _VALUES.sub(rf"\1{LEFT_OUT}\2", text.replace("\0", ""))
