"""What Search finds: pages and fields by words of their labels, people and groups."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import reverse

from scim.models import DirectoryGroup, DirectoryUser
from scim.text import KEY_LENGTH, match_key
from zportal.advanced.rules import RULES
from zportal.authentication.settings_form import (
    OF_CERTIFICATES,
    AuthenticationSettingsForm,
)
from zportal.frame.navigation import MENUS, SHORTCUTS
from zportal.models import Administrator
from zportal.retention.forms import RetentionForm

MOST = 8
"""Hits of one kind."""


@dataclass(frozen=True)
class Hit:
    text: str
    url: str
    place: str = ""
    """Where it is, or what else helps to tell it from its namesakes."""


@dataclass(frozen=True)
class Found:
    """The hits of one search, by kind."""

    pages: list[Hit]
    settings: list[Hit]
    people: list[Hit]
    groups: list[Hit]

    def __bool__(self) -> bool:
        return bool(self.pages or self.settings or self.people or self.groups)


OTHER_PAGES = (("Profile", "admin:profile"), ("Search", "admin:search"))
"""Beside those of the menus."""

FIELDS = (
    ("Company ID", "admin:company_profile", "company-id", "Company Profile"),
    ("Organization Name", "admin:company_profile", "id_name", "Company Profile"),
    ("Package", "admin:company_profile", "id_package", "Company Profile"),
    ("Registered Domains", "admin:company_profile", "domains", "Company Profile"),
    ("Base URL", "admin:authentication_settings", "base-url", "Configure SAML"),
    (
        "Bearer Token",
        "admin:authentication_settings",
        "bearer-token-row",
        "Configure SAML",
    ),
    ("SAML Sign-On", "admin:saml_sign_on", "for-entra", "Authentication Settings"),
    ("Entity ID", "admin:saml_sign_on", "entity-id", "SAML Sign-On"),
    (
        "Reply URL (Assertion Consumer Service)",
        "admin:saml_sign_on",
        "reply-url",
        "SAML Sign-On",
    ),
    ("Sign-on URL", "admin:saml_sign_on", "sign-on-url", "SAML Sign-On"),
    ("Test sign-on", "admin:saml_sign_on", "test-sign-on", "SAML Sign-On"),
    ("Import IdP metadata", "admin:saml_sign_on", "identity-provider", "SAML Sign-On"),
    (
        "Request Signing SAML Certificate",
        "admin:saml_sign_on",
        "signing-certificate",
        "SAML Sign-On",
    ),
    ("Last sign-ons", "admin:saml_sign_on", "last-sign-ons", "SAML Sign-On"),
    (
        "Schema Extensions",
        "admin:schema_extensions",
        "schema-extensions",
        "Authentication Settings",
    ),
    ("Behaviour Profile", "admin:advanced", "behaviour-profile", "Advanced"),
    ("Retention", "admin:advanced", "retention", "Advanced"),
    ("Theme", "admin:profile", "theme", "Profile"),
    ("Password", "admin:profile", "password", "Profile"),
    ("Sessions", "admin:profile", "sessions", "Profile"),
)
"""Label, page, anchor and place of the fields that no form below lists."""


def search(administrator: Administrator, text: str) -> Found:
    """Find *text* in what *administrator* sees now. Two queries, whatever is found."""
    text = text.strip()
    key = match_key(text)
    if not key or len(key) > KEY_LENGTH:
        return Found([], [], [], [])
    return Found(
        pages=_with_words(key, _pages(administrator)),
        settings=_with_words(key, _settings(administrator)),
        people=_people(administrator, text),
        groups=_groups(administrator, text),
    )


def _with_words(key: str, hits: Iterator[Hit]) -> list[Hit]:
    """Return the first hits whose text holds every word of *key*."""
    words = key.split()
    found = (hit for hit in hits if all(word in match_key(hit.text) for word in words))
    return [hit for _, hit in zip(range(MOST), found, strict=False)]


def _pages(administrator: Administrator) -> Iterator[Hit]:
    for menu in MENUS:
        for entry in menu.entries:
            yield Hit(entry.label, entry.url, f"{menu.label}, {entry.group}")
    for shortcut in SHORTCUTS:
        yield Hit(shortcut.label, shortcut.url)
    for label, name in OTHER_PAGES:
        yield Hit(label, reverse(name))
    if administrator.may_switch:
        yield Hit("Organizations", reverse("admin:organizations"), "Settings")


def _settings(administrator: Administrator) -> Iterator[Hit]:
    page = reverse("admin:authentication_settings")
    for name, field in AuthenticationSettingsForm.base_fields.items():
        if name not in OF_CERTIFICATES:
            # A choice of radio buttons has no element of its own name.
            number = "_0" if name == "authentication_type" else ""
            yield Hit(
                str(field.label), f"{page}#id_{name}{number}", "Authentication Settings"
            )
    for label, name, anchor, place in FIELDS:
        yield Hit(label, f"{reverse(name)}#{anchor}", place)
    for rule in RULES:
        yield Hit(
            rule.label, f"{reverse('admin:advanced')}#rule-{rule.name}", "Advanced"
        )
    for name, field in RetentionForm.base_fields.items():
        yield Hit(
            str(field.label), f"{reverse('admin:advanced')}#id_{name}", "Advanced"
        )
    yield from _extensions(administrator)


def _extensions(administrator: Administrator) -> Iterator[Hit]:
    """The declared extensions, by their names and those of their attributes."""
    page = reverse("admin:schema_extensions")
    for extension in administrator.organization.extensions:
        url = f"{page}#extension-{extension.name}"
        yield Hit(extension.name, url, "Schema Extensions")
        for attribute in extension.attributes:
            yield Hit(attribute.name, url, f"Schema Extensions, {extension.name}")


def _people(administrator: Administrator, text: str) -> list[Hit]:
    people = DirectoryUser.objects.for_organization(administrator.organization_id)
    rows = people.first_found_by(text, MOST).values_list(
        "pk", "display_name", "scim_username"
    )
    return [
        Hit(
            name or user_id,
            reverse("admin:scim_directoryuser_change", args=[pk]),
            user_id,
        )
        for pk, name, user_id in rows
    ]


def _groups(administrator: Administrator, text: str) -> list[Hit]:
    groups = DirectoryGroup.objects.for_organization(administrator.organization_id)
    rows = groups.first_found_by(text, MOST).values_list("pk", "scim_display_name")
    return [
        Hit(name, reverse("admin:scim_directorygroup_change", args=[pk]))
        for pk, name in rows
    ]
