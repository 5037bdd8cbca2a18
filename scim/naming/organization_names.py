"""Names of organizations: which of them deceive nobody.

People choose their organization by its name when they sign on, and administrators whom to
trust, so a name may neither hide anything nor look like another one.
"""

from __future__ import annotations

from unicodedata import normalize

import regex

from scim.naming.look_alikes import LOOK_ALIKES
from scim.text import match_key

_HIDDEN = regex.compile(
    r"[\p{Default_Ignorable_Code_Point}\p{C}\p{Zl}\p{Zp}\p{Zs}--[ ]]", regex.VERSION1
)
"""What nobody sees: controls, marks of direction, joiners, spaces other than that of ASCII."""

_TOGETHER = (
    "Latin Han Hiragana Katakana",
    "Latin Han Bopomofo",
    "Latin Han Hangul",
)
"""Scripts that may be mixed (UTS 39 section 5.2, level 3, "highly restrictive")."""

_ALONE = (
    "Arabic Armenian Bengali Cyrillic Devanagari Ethiopic Georgian Greek Gujarati "
    "Gurmukhi Hebrew Kannada Khmer Lao Malayalam Myanmar Oriya Sinhala Tamil Telugu "
    "Thaana Thai Tibetan"
)
"""The other scripts in wide use (UAX 31, table 5)."""


def _of_scripts(names: str) -> str:
    # By script extensions: some characters are those of several scripts.
    scripts = ["Common", "Inherited", *names.split()]
    return "[" + "".join(rf"\p{{scx={script}}}" for script in scripts) + "]+"


_HIGHLY_RESTRICTIVE = regex.compile(
    "|".join(map(_of_scripts, [*_TOGETHER, *_ALONE.split()]))
)

_LATIN = str.maketrans(
    {like: text for text, likes in LOOK_ALIKES.items() for like in likes}
)


def hides(name: str) -> bool:
    """Whether *name* has characters that nobody sees."""
    return _HIDDEN.search(name) is not None


def mixes_scripts(name: str) -> bool:
    """Whether *name* has letters of scripts that no language mixes."""
    return _HIGHLY_RESTRICTIVE.fullmatch(normalize("NFC", name)) is None


def looks(name: str) -> set[str]:
    """Return how *name* looks, letter case aside; names that share one are confusable.

    These are skeletons (UTS 39 section 4), with a table for look-alikes of the letters A
    to Z. There are two, for capitals and small letters may look like different ones.
    """
    name = " ".join(normalize("NFKC", name).split())
    return {_skeleton(name), _skeleton(match_key(name))}


def _skeleton(name: str) -> str:
    return match_key(normalize("NFD", name).translate(_LATIN))
