"""Tables of attacks: each has a name, what it changes, and what comes of it.

``docs/saml-attacks.md`` is made of them (test_attacks_documented.py).
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from lxml import etree

from scim.models import (
    Department,
    DirectoryGroup,
    DirectoryUser,
    GroupMembership,
    ProvisioningEvent,
)
from tests.saml.conftest import Browser, configure
from tests.saml.provider import NAMES, Provider, Says
from zportal.models import SignOnSession

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response

ACCEPTED = "accepted"
"""The verdict about what only looks like an attack: Adele, and nobody else, signs on."""

CLOSED = "shown to nobody"
"""The verdict where no message is refused: the door does not open, without a code."""

GRADY = "grady.archie@contoso.example"
"""Whom the attacker wants to be; Adele is who the identity provider speaks of."""


@dataclass
class Forgery:
    """A message of the identity provider in the hands of the attacker."""

    provider: Provider
    root: Any
    request_id: str
    relay_state: str
    url: str = "/sfc_sso"
    xml: bytes | None = None
    """What is posted in place of *root*."""
    encoded: str | None = None
    """What is posted in place of base-64."""
    fields: dict[str, Any] = field(default_factory=dict)
    """Form fields in place of the usual two."""

    def find(self, path: str) -> Any:
        found = self.root.find(path, NAMES)
        assert found is not None, path
        return found

    @property
    def assertion(self) -> Any:
        return self.find("saml:Assertion")

    @property
    def name_id(self) -> Any:
        return self.find("saml:Assertion/saml:Subject/saml:NameID")

    @property
    def confirmation(self) -> Any:
        return self.find(
            "saml:Assertion/saml:Subject/saml:SubjectConfirmation/"
            "saml:SubjectConfirmationData"
        )

    @property
    def conditions(self) -> Any:
        return self.find("saml:Assertion/saml:Conditions")

    @property
    def signatures(self) -> list[Any]:
        return list(self.root.iter(f"{{{NAMES['ds']}}}Signature"))

    @property
    def signature(self) -> Any:
        """The signature of what the attack is about: the first one."""
        return self.signatures[0]

    def bytes(self) -> bytes:
        return etree.tostring(self.root) if self.xml is None else self.xml

    def replace(self, old: str, new: str) -> None:
        """Replace text of the message as it is sent."""
        before = self.bytes()
        self.xml = before.replace(old.encode(), new.encode())
        assert self.xml != before, old

    def encoded_bytes(self) -> str:
        return base64.b64encode(self.bytes()).decode()

    def post(self, browser: Browser) -> Response:
        encoded = self.encoded
        if encoded is None:
            encoded = self.encoded_bytes()
        data = {"SAMLResponse": encoded, "RelayState": self.relay_state, **self.fields}
        sent = {name: value for name, value in data.items() if value is not None}
        response: Response = browser.client.post(self.url, sent)
        return response


Mutation = Callable[[Forgery], None]
M = TypeVar("M", bound=Mutation)
T = TypeVar("T", bound=Callable[..., object])


@dataclass(frozen=True)
class Attack:
    """One row of the table, for one kind of message."""

    name: str
    code: str
    mutate: Mutation
    signs: str
    """What of the message is signed: assertion, response, both or nothing."""
    is_said: bool
    """Whether the identity provider itself says so: it signs what was changed."""
    settings: dict[str, Any]
    says: dict[str, Any]
    is_known: bool
    """Whether the organization is known, so that an event is recorded."""
    recorded: str
    """The code of the event: of what is encrypted, strangers are not told it."""

    def __str__(self) -> str:
        return f"{self.name} [{self.signs}]"


class Table:
    """Attacks of one kind, by name."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.rows: dict[str, str] = {}
        self.attacks: list[Attack] = []

    def attack(
        self,
        name: str,
        code: str,
        *,
        signs: Iterable[str] = ("assertion",),
        is_said: bool = False,
        is_known: bool = True,
        recorded: str = "",
        says: dict[str, Any] | None = None,
        **settings: Any,
    ) -> Callable[[M], M]:
        """Add what the decorated function does to a message."""

        def add(mutate: M) -> M:
            self._row(name, code)
            self.attacks += [
                Attack(
                    name,
                    code,
                    mutate,
                    each,
                    is_said,
                    settings,
                    says or {},
                    is_known,
                    recorded or code,
                )
                for each in signs
            ]
            return mutate

        return add

    def said(self, name: str, code: str, **options: Any) -> Callable[[M], M]:
        """Add what the identity provider itself says wrongly, and signs."""
        return self.attack(name, code, is_said=True, **options)

    def told(self, name: str, code: str) -> Callable[[T], T]:
        """Add what the decorated test shows."""
        self._row(name, code)
        return lambda test: test

    def _row(self, name: str, code: str) -> None:
        assert name not in self.rows, name
        self.rows[name] = code


def directory() -> list[Any]:
    """Everything that a sign-on could change in the directory."""
    kinds = (DirectoryUser, DirectoryGroup, GroupMembership, Department)
    return [list(kind.objects.order_by("pk").values()) for kind in kinds]


@dataclass
class Scene:
    """An organization with auto-provisioning, its identity provider, and a browser."""

    browser: Browser
    provider: Provider

    def forgery(self, signs: str = "assertion", **says: Any) -> Forgery:
        """Return the honest answer to a request of the browser."""
        asked = self.browser.start()
        root = self.provider.answer(Says(asked.id, **says), signs)
        return Forgery(self.provider, root, asked.id, asked.relay_state)

    def run(self, attack: Attack) -> None:
        """Carry out the attack and hold what comes of it to the table."""
        if attack.settings:
            configure(self.browser.organization, **{**SETTINGS, **attack.settings})
        signs = "" if attack.is_said else attack.signs
        forgery = self.forgery(signs, **attack.says)
        attack.mutate(forgery)
        if attack.is_said:
            forgery.root = self.provider.sign(forgery.root, attack.signs)
        before = directory()
        response = forgery.post(self.browser)
        if attack.code == ACCEPTED:
            self.is_accepted(response)
        else:
            self.is_refused(
                response,
                attack.code,
                is_known=attack.is_known,
                recorded=attack.recorded,
            )
            assert directory() == before

    def is_accepted(self, response: Response) -> None:
        assert response.status_code == 303, response.content.decode()
        page = self.browser.client.get("/signed-on/").content.decode()
        assert "You are signed on as" in page
        session = SignOnSession.objects.get()
        person = DirectoryUser.objects.get(pk=session.user_key)
        assert person.scim_username == "adele.vance@contoso.example"

    def is_refused(
        self,
        response: Response,
        code: str,
        *,
        is_known: bool = True,
        events: int = 1,
        recorded: str = "",
    ) -> None:
        page = response.content.decode()
        assert f"<code>{code}</code>" in page, shown(page)
        assert response.status_code == (403 if is_known else 404)
        assert not SignOnSession.objects.exists()
        assert "sign_on" not in self.browser.client.cookies
        nobody = self.browser.client.get("/signed-on/").content.decode()
        assert "Nobody is signed on in this browser" in nobody
        found = list(ProvisioningEvent.objects.order_by("pk"))
        assert len(found) == (events if is_known else 0)
        for event in found:
            assert (event.action, event.outcome) == ("sign-on", "refused")
        if is_known:
            assert found[-1].detail.startswith(f"{recorded or code}: ")


SETTINGS: dict[str, Any] = {"auto_provisioning": True}


def shown(page: str) -> str:
    """What a page says, for the message of a failed test."""
    _, _, rest = page.partition("<h1>")
    return " ".join(etree.HTML(f"<h1>{rest}").itertext()).strip()[:600]
