"""From an assertion to a person: the login name, and what is said of the person."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from onelogin.saml2.errors import OneLogin_Saml2_ValidationError

from scim.models import DirectoryUser, Domain
from scim.services.saml_provisioning import Asserted
from zportal.saml.codes import Refused
from zportal.saml.messages import Message
from zportal.saml.trust import Trust

NAME_ID = "NameID"
"""The Login Name Attribute that stands for the subject, not for an attribute."""

ATTRIBUTES_KEPT = 64 * 1024
"""Characters of attributes that are stored to be shown; a response may have 4 MB."""

Attributes = dict[str, list[str]]


def attributes_of(message: Message) -> Attributes:
    """Return the attributes of the assertion by Name, in their order.

    Raises Refused when one of them comes twice, or holds elements amid its text: which
    one counts, and which part, would be a guess.
    """
    values = "/saml:AttributeStatement/saml:Attribute/saml:AttributeValue"
    if message.assertion(f"{values}[* and text()[normalize-space()]]"):
        raise Refused("0xA022", "An attribute has elements amid its text.")
    try:
        found: dict[str, list[Any]] = message.response.get_attributes()
    except OneLogin_Saml2_ValidationError as problem:
        raise Refused("0xA022", f"{problem}.") from problem
    return {name: list(_texts(values)) for name, values in found.items()}


def shortened(attributes: Attributes) -> Attributes:
    """Return *attributes*, or the first of their values: ATTRIBUTES_KEPT characters."""
    kept: Attributes = {}
    room = ATTRIBUTES_KEPT
    for name, values in attributes.items():
        for value in values:
            room -= len(name) + len(value)
            if room < 0:
                return kept
            kept.setdefault(name, []).append(value)
        kept.setdefault(name, [])
    return kept


def name_id_of(message: Message) -> str:
    """Return the NameID of the subject. Raises Refused when there is none to read."""
    if message.assertion("/saml:Subject/saml:EncryptedID"):
        raise Refused(
            "0xE5617",
            "The NameID is encrypted; only whole assertions are decrypted here.",
        )
    try:
        return str(message.response.get_nameid()).strip()
    except OneLogin_Saml2_ValidationError as problem:
        raise Refused("0xE5617", f"{problem}.") from problem


def login_of(trust: Trust, name_id: str, attributes: Attributes) -> str:
    """Return the login name: a User ID of a registered domain. Raises Refused."""
    wanted = trust.saml.login_name_attribute
    if wanted == NAME_ID:
        login = name_id
    elif values := attributes.get(wanted):
        login = values[0]
    else:
        present = ", ".join(attributes)[:300] or "none"
        raise Refused(
            "0xB0090", f"There is no attribute {wanted}; there are: {present}."
        )
    _check_login(trust, login)
    return login


def _check_login(trust: Trust, login: str) -> None:
    rules = trust.organization.behaviour
    if len(login) > rules.user_name_length:
        raise Refused(
            "0xA02B",
            f"The login name has {len(login):,} characters; "
            f"{rules.user_name_length} are the most.",
        )
    local, at, domain = login.rpartition("@")
    if not (local and at and domain) or "@" in local or login.split() != [login]:
        raise Refused("0xA021", f"The login name is “{login}”.")
    domains = Domain.objects.for_organization(trust.organization)
    if rules.registered_domain_only and not domains.named(domain).exists():
        raise Refused("0xB0030", f"The domain of {login} is not registered.")


def asserted_of(trust: Trust, login: str, attributes: Attributes) -> Asserted:
    """Return what auto-provisioning takes from the attributes that the window names."""
    saml = trust.saml
    return Asserted(
        user_name=login,
        display_name=_first(attributes, saml.display_name_attribute),
        department=_first(attributes, saml.department_name_attribute),
        groups=tuple(attributes.get(saml.group_name_attribute, ())),
    )


def check_person(trust: Trust, login: str, person: DirectoryUser | None) -> str:
    """Say who signs on. Raises Refused for who may not."""
    if person is None:
        if not trust.saml.auto_provisioning:
            raise Refused("0xB0040", f"There is no {login} in User Management.")
        return f"{login} is new and will be made"
    if not person.is_enabled:
        raise Refused("0xE5639", f"{person.scim_username} is disabled.")
    return f"{person.scim_username} is known"


def _first(attributes: Attributes, name: str) -> str:
    return next(iter(attributes.get(name, ())), "")


def _texts(values: Iterable[Any]) -> Iterable[str]:
    for value in values:
        # eduPersonTargetedID and its like hold a NameID instead of a text.
        text = value["NameID"]["value"] if isinstance(value, dict) else value
        if text:
            yield str(text)
