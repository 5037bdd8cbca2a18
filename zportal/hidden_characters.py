"""Characters that nobody sees, made visible: a client's text may hide or turn others."""

from __future__ import annotations

import json

import regex

_HIDDEN = regex.compile(
    # The joiners are letters where scripts and emoji need them (RFC 5892, appendix A).
    r"(?<=\p{ccc=9})[\u200c\u200d](*SKIP)(*FAIL)"
    r"|(?<=[\p{Arabic}\p{Syriac}\p{Mongolian}])[\u200c\u200d](?=\p{L})(*SKIP)(*FAIL)"
    r"|(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}]\ufe0f?)\u200d"
    r"(?=\p{Extended_Pictographic})(*SKIP)(*FAIL)"
    # Whether an emoji is a picture.
    r"|(?<=\p{Extended_Pictographic})[\ufe0e\ufe0f](*SKIP)(*FAIL)"
    r"|(?<=[0-9#*])\ufe0f(?=\u20e3)(*SKIP)(*FAIL)"
    r"|[[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2028\u2029\u2800]--[\t\n\r]]",
    regex.VERSION1,
)
"""Controls, zero-width and blank characters, and marks of direction."""

_KEPT = r"""(?s) value="[^"]*"(*SKIP)(*FAIL)|<textarea.*?</textarea>(*SKIP)(*FAIL)|"""
"""What a form sends back. Templates write no quotation mark anywhere else in a text."""

_HIDDEN_IN_HTML = regex.compile(_KEPT + _HIDDEN.pattern, regex.VERSION1)


def hides(text: str) -> bool:
    """Whether *text* has characters that nobody sees."""
    return _HIDDEN.search(text) is not None


def visible_page(html: str) -> str:
    """Return a page with ``⟨U+202E⟩`` in the place of such a character, but in fields."""
    return str(_HIDDEN_IN_HTML.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", html))


def visible_json(document: object) -> str:
    """Return *document* as JSON to be read, with such characters as ``\\u202e``."""
    text = json.dumps(document, indent=2, ensure_ascii=False)
    return str(_HIDDEN.sub(lambda found: json.dumps(found[0])[1:-1], text))
