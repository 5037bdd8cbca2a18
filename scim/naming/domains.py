"""Names of domains, in whichever of their spellings they come."""

from __future__ import annotations

import re

import idna
from django.core.exceptions import ValidationError

from scim.text import match_key

LONGEST = 253

_LABEL = r"(?!-)[a-z0-9-]{1,63}(?<!-)"
_DOMAIN = re.compile(rf"{_LABEL}(\.{_LABEL})+")


def domain_key(name: str) -> str:
    """Return the form under which a domain equals any other spelling of it.

    That is the one of the DNS: lower case, ``xn--`` for other letters than ASCII's (RFC
    5891, with the mapping of UTS 46). What is no name of a domain is returned without
    letter case.
    """
    if not name.isascii() and len(name) <= LONGEST:
        try:
            return idna.encode(name, uts46=True).decode()
        except idna.IDNAError:
            pass
    return match_key(name)


def written_domain(text: str) -> str:
    """Return the key of a domain that somebody wrote, maybe with a dot at the end.

    userNames with one are refused (docs/saml-attacks.md): it would be a second name of
    the same person.
    """
    return domain_key(text.strip()).removesuffix(".")


def spellings(key: str) -> set[str]:
    """Return how userNames in lower case may end in the domain *key*."""
    try:
        return {key, match_key(idna.decode(key))}
    except idna.IDNAError:
        return {key}


def validate_domain(name: str) -> None:
    """Raise ValidationError unless *name* is a registrable DNS name, as domain_key has it."""
    if len(name) > LONGEST or not _DOMAIN.fullmatch(name) or not _is_idn(name):
        raise ValidationError(
            f"“{name}” is not a domain name. Write it like contoso.example, "
            "without user part, scheme or spaces."
        )


def _is_idn(name: str) -> bool:
    """Whether each ``xn--`` label of *name* stands for letters (RFC 5890, 2.3.2.1)."""
    try:
        for label in name.split("."):
            if label.startswith("xn--"):
                idna.ulabel(label)
    except idna.IDNAError:
        return False
    return True
