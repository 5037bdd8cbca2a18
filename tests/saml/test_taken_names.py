"""Somebody makes the same person or group while a sign-on does: it tries again.

The names are made of words of databases, which PostgreSQL repeats in its errors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from scim.models import DirectoryGroup, DirectoryUser, ProvisioningEvent
from scim.services import saml_provisioning
from tests.portal import factories
from tests.saml.conftest import configure
from tests.scim.services.test_taken_names import NAMES
from zportal.models import SamlReceipt, SignOnSession
from zportal.saml.services import ATTEMPTS

if TYPE_CHECKING:
    from tests.saml.conftest import Browser


class Rival:
    """Makes each group, or person, a moment before the sign-on does; so many times."""

    def __init__(self, patch: pytest.MonkeyPatch, kind: str, times: int) -> None:
        self.kind, self.times = kind, times
        self.provision = getattr(saml_provisioning, f"provision_{kind}")
        patch.setattr(saml_provisioning, f"provision_{kind}", self)

    def __call__(self, **wishes: Any) -> None:
        if self.times:
            self.times -= 1
            row, document = wishes[self.kind], wishes["document"]
            name = document.get("displayName" if self.kind == "group" else "userName")
            make = factories.group if self.kind == "group" else factories.person
            make(row.organization, name.upper())
        self.provision(**wishes)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses before another try."""
    made: list[float] = []
    monkeypatch.setattr("zportal.saml.services.time.sleep", made.append)
    return made


@pytest.mark.parametrize("name", NAMES)
def test_a_group_that_somebody_made_is_joined(
    browser: Browser, monkeypatch: pytest.MonkeyPatch, pauses: list[float], name: str
) -> None:
    configure(browser.organization, auto_provisioning=True)
    Rival(monkeypatch, "group", 1)
    assert browser.sign_on(attributes={"memberOf": [name]}).status_code == 303
    assert len(pauses) == 1
    team = DirectoryGroup.objects.get()
    assert team.scim_display_name == name
    assert [user.pk for user in team.users.all()] == [DirectoryUser.objects.get().pk]
    assert SignOnSession.objects.count() == 1


@pytest.mark.parametrize("name", ["user_name_key", "group_name", "deadlock"])
def test_a_person_whom_somebody_made_is_signed_on(
    browser: Browser, monkeypatch: pytest.MonkeyPatch, pauses: list[float], name: str
) -> None:
    configure(browser.organization, auto_provisioning=True)
    Rival(monkeypatch, "user", 1)
    name_id = f"{name}@contoso.example"
    assert browser.sign_on(name_id=name_id).status_code == 303
    assert len(pauses) == 1
    assert DirectoryUser.objects.get().scim_username == name_id


@pytest.mark.parametrize("kind", ["user", "group"])
def test_what_is_always_taken_is_told_and_stores_nothing(
    browser: Browser, monkeypatch: pytest.MonkeyPatch, pauses: list[float], kind: str
) -> None:
    configure(browser.organization, auto_provisioning=True)
    Rival(monkeypatch, kind, 1_000)
    answer = browser.sign_on(attributes={"memberOf": ["foreign key"]})
    assert answer.status_code == 503
    assert answer["Retry-After"] == "5"
    assert len(pauses) == ATTEMPTS - 1
    for model in (DirectoryUser, DirectoryGroup, SignOnSession, SamlReceipt):
        assert not model.objects.exists(), model
    assert not ProvisioningEvent.objects.exists()
