"""Many organizations that extend their users, served in turn by one process."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from scim.extensions import ExtensionAttribute, SchemaExtension
from scim.resources import resource_types
from tests.scim.extending import extend
from tests.scim.messages import created, read, user
from tests.scim.racing import at_once
from tests.situations import open_tenant, scim_client_of

if TYPE_CHECKING:
    from scim.extensions import Extensions

TRAINEES = 60


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Extensions]:
    """The extensions that types are made for, one entry each time."""
    monkeypatch.setattr(resource_types, "_kept", type(resource_types._kept)())
    make, made = resource_types._extended, []

    def noted(extensions: Extensions) -> Any:
        made.append(extensions)
        # Long enough for others to come.
        time.sleep(0.01)
        return make(extensions)

    monkeypatch.setattr(resource_types, "_extended", noted)
    return made


def extension(name: str, attributes: int = 1) -> SchemaExtension:
    names = (f"badge{number}" for number in range(attributes))
    return SchemaExtension(
        name, attributes=tuple(ExtensionAttribute(each, "string") for each in names)
    )


@pytest.mark.django_db
def test_a_class_in_turn(made: list[Extensions]) -> None:
    """Types are made once for each trainee, however many there are before the next."""
    clients = []
    for number in range(TRAINEES):
        tenant = open_tenant(f"Trainee {number}", f"trainee{number}.example")
        extend(tenant.organization, f"Trainee{number}", badge="string")
        clients.append(scim_client_of(tenant))
    at_first = len(made)
    for turn in range(3):
        for number, client in enumerate(clients):
            urn = f"urn:ietf:params:scim:schemas:extension:Trainee{number}:2.0:User"
            body = user(f"ada{turn}@trainee{number}.example", **{urn: {"badge": "7"}})
            scim_id = created(client, "/Users", body)["id"]
            assert read(client, "/Users", scim_id)[urn] == {"badge": "7"}
    assert at_first == TRAINEES
    assert len(made) == TRAINEES


@pytest.mark.django_db
def test_equal_extensions_are_made_once(made: list[Extensions]) -> None:
    for number in range(3):
        tenant = open_tenant(f"Trainee {number}", f"trainee{number}.example")
        extend(tenant.organization, "Badges", badge="string")
    assert len(made) == 1


def test_calls_at_once_make_them_once(made: list[Extensions]) -> None:
    def ask() -> Any:
        return resource_types.user_kind((extension("Badges"),))

    found = at_once(*[ask] * 8)
    assert len(made) == 1
    assert len({id(kind) for kind in found}) == 1


def test_memory_has_an_end(
    made: list[Extensions], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that were not asked for longest go; large ones count for more."""
    monkeypatch.setattr(
        resource_types,
        "KEPT_KIB",
        3 * (resource_types.KIND_KIB + resource_types.EXTENSION_KIB),
    )
    small = [(extension(f"Badges{number}"),) for number in range(4)]
    for each in (*small[:3], small[0], small[3], small[0]):
        resource_types.user_kind(each)
    assert len(made) == 4
    resource_types.user_kind(small[1])
    assert len(made) == 5
    large = tuple(extension(f"Large{number}", 2) for number in range(10))
    assert resource_types.user_kind(large) is resource_types.user_kind(large)
    assert len(made) == 6
    resource_types.user_kind(small[1])
    assert len(made) == 7


def test_types_that_cannot_be_made_keep_nobody_waiting(
    made: list[Extensions],
) -> None:
    impossible = (extension("Badges"), extension("Badges"))
    for _ in range(2):
        with pytest.raises(ValueError, match=r"."):
            resource_types.user_kind(impossible)
    assert resource_types.user_kind((extension("Badges"),)).extensions
