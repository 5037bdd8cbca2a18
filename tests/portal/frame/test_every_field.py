"""Every field of every form, as the pages have them, filled with what nobody expects.

The forms are read from the pages, so a new field is tried without being named here.
What each rule says about its own field is told by the tests of its page.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.urls import reverse

from tests.portal.frame.test_every_url import NAMES, address, rows
from tests.portal.frame.test_every_url import key as key
from tests.situations import administrator_of, signed_in_as
from zportal.models import Administrator, Stage
from zportal.models import AuthenticationSettings as Settings

if TYPE_CHECKING:
    from scim.models import Organization
    from tests.portal.frame.test_every_url import Keys

MARKUP = "\"'><script>alert(1)</script>"

HOSTILE: dict[str, Any] = {
    "nothing": "",
    "markup": MARKUP,
    "too-long": "x" * 30_000,
    "a-number-too-large": "9" * 400,
    "a-nul": "a\0b",
    "no-text-at-all": b"\xff\xfe",
    "twice": ["one", "two"],
    "a-file": SimpleUploadedFile("<img src=x>.pem", b"\0\xff<script>"),
}


ENDS_SESSIONS = {reverse("admin:change_password"), reverse("admin:end_session")}


@dataclass
class Form:
    """A form of a page that is sent by POST."""

    action: str
    fields: dict[str, Any] = field(default_factory=dict)


class Forms(HTMLParser):
    """Reads the forms of a page with the values that a browser would send."""

    def __init__(self, page: str, url: str) -> None:
        super().__init__()
        self.url = url
        self.found: list[Form] = []
        self.open: Form | None = None
        self.select = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = dict(attrs)
        if tag == "form" and has.get("method") == "post":
            self.open = Form((has.get("action") or self.url).partition("#")[0])
            self.found.append(self.open)
        name = has.get("name") or ""
        if tag == "button" and (action := has.get("formaction")) and self.open:
            self.found.append(Form(action.partition("#")[0], self.open.fields))
        if self.open is None:
            return
        if tag == "select":
            self.select = name
        elif tag == "option" and self.select:
            if "selected" in has or self.select not in self.open.fields:
                self.open.fields[self.select] = has.get("value") or ""
        elif tag in {"input", "textarea", "button"} and name:
            self.take(name, has)

    def take(self, name: str, has: dict[str, str | None]) -> None:
        assert self.open is not None
        choice = has.get("type") in {"radio", "checkbox"}
        if not choice or "checked" in has:
            self.open.fields[name] = has.get("value") or ("on" if choice else "")
        else:
            self.open.fields.setdefault(name, None)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.open = None
        elif tag == "select":
            self.select = ""


@pytest.fixture
def root(contoso: Organization) -> Administrator:
    staged = Settings.objects.at(contoso, Stage.STAGED)
    assert isinstance(staged, Settings)
    staged.password_strength = "strong"
    staged.save()
    return administrator_of(contoso, "root", is_superuser=True)


@pytest.fixture
def forms(root: Administrator, key: Keys, fabrikam: Organization) -> list[Form]:
    """The forms of all pages, each once, and that of sign-in."""
    found: dict[tuple[str, tuple[str, ...]], Form] = {}
    # Another session and another organization, which have their buttons.
    signed_in_as(root).get(reverse("admin:profile"))
    browser = signed_in_as(root)
    for client, names in ((browser, NAMES), (browser.__class__(), ["admin:login"])):
        for name in names:
            answer = client.get(url := address(name, key))
            if answer.status_code == 200:
                for form in Forms(answer.content.decode(), url).found:
                    form.fields.pop("csrfmiddlewaretoken", None)
                    found[form.action, tuple(form.fields)] = form
    return list(found.values())


def test_the_forms_were_read(forms: list[Form]) -> None:
    names = {name for form in forms for name in form.fields}
    assert {"portal_url", "scim", "certificate", "domain", "theme", "profile"} <= names
    assert {"session", "organization", "username", "revision", "package"} <= names
    assert len({form.action for form in forms}) > 12


def test_whatever_a_field_holds_the_answer_is_a_page(
    root: Administrator, forms: list[Form], key: Keys
) -> None:
    for what, value in HOSTILE.items():
        # Each kind meets the organization as it was.
        with transaction.atomic():
            send(root, forms, what, value)
            for name in NAMES:
                shown = signed_in_as(root).get(address(name, key)).content
                assert not contains_markup(shown), f"{name} after {what}"
            transaction.set_rollback(True)


def send(root: Administrator, forms: list[Form], what: str, value: Any) -> None:
    """Post every form once for each of its fields, with *value* in that field."""
    for form in forms:
        client = signed_in_as(root)
        for name in form.fields:
            if form.action in ENDS_SESSIONS:
                root.save()
                client = signed_in_as(root)
            answer = client.post(form.action, {**values_of(form), name: value})
            told = f"{form.action} {name} {what}: {answer.status_code}"
            assert answer.status_code in {200, 302, 400, 403, 429}, told
            assert not contains_markup(answer.content), told
            assert is_still_signed_in(form, answer), told


def is_still_signed_in(form: Form, answer: Any) -> bool:
    """Whether the form was looked at; to visitors without a session none is."""
    leads_out = answer.headers.get("Location", "").startswith("/sign-in/")
    return form.action in ENDS_SESSIONS or not leads_out


def contains_markup(page: bytes) -> bool:
    return MARKUP.encode() in page or b"<img src=x>" in page


def test_another_organizations_id_in_a_field_reaches_nothing_of_it(
    forms: list[Form], contoso: Organization, fabrikam: Organization, key: Keys
) -> None:
    stranger = administrator_of(fabrikam, "stranger")

    def of_contoso() -> dict[str, list[Any]]:
        owners = ("organization_id", "home_id", "org_id")
        return {
            label: [row for row in table if contoso.pk in map(row.get, owners)]
            for label, table in rows().items()
        }

    before = of_contoso()
    for form in forms:
        others = {"organization": contoso.pk, "organization_id": contoso.pk, **key}
        client = signed_in_as(stranger)
        for name in form.fields:
            for value in (contoso.pk, key["scim_directoryuser"]):
                if form.action in ENDS_SESSIONS:
                    client = signed_in_as(stranger)
                values = {**values_of(form), **others, name: value}
                answer = client.post(form.action, values)
                assert answer.status_code in {200, 302, 400, 403, 404, 429}
                assert is_still_signed_in(form, answer), f"{form.action} {name}"
    assert of_contoso() == before


def values_of(form: Form) -> dict[str, Any]:
    return {name: value for name, value in form.fields.items() if value}
