"""The directory that every measured store is filled with, whatever keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

GIVEN = ("Adele", "Alex", "Diego", "Grady", "Isaiah", "Joni", "Lee", "Megan", "Nestor")
FAMILY = ("Vance", "Wilber", "Siciliani", "Archie", "Langer", "Sherman", "Gu", "Bowen")
DOMAIN = "bench.example"

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


@dataclass(frozen=True)
class Size:
    """How much a store holds."""

    users: int

    @property
    def groups(self) -> int:
        return max(2, self.users // 20)

    @property
    def members(self) -> int:
        """Members of the large group, the first one."""
        return min(10_000, self.users)

    def group_of(self, number: int) -> int:
        """The other group that the person *number* is in."""
        return 1 + number % (self.groups - 1)


def given_name(number: int) -> str:
    return GIVEN[number % len(GIVEN)]


def family_name(number: int) -> str:
    return FAMILY[number // 7 % len(FAMILY)]


def user_name(number: int) -> str:
    return f"{given_name(number)}.{family_name(number)}.{number}@{DOMAIN}".lower()


def display_name(number: int) -> str:
    return f"{given_name(number)} {family_name(number)} {number}"


def is_active(number: int) -> bool:
    return number % 10 != 0


def department(number: int) -> str:
    return f"D{number % 200:03}"


def group_name(number: int) -> str:
    return f"Team {number:05}"


def document(number: int) -> dict[str, Any]:
    """Return the person *number* as its SCIM attributes."""
    return {
        "userName": user_name(number),
        "externalId": f"{number:08x}-bench",
        "displayName": display_name(number),
        "active": is_active(number),
        "name": {"givenName": given_name(number), "familyName": family_name(number)},
        ENTERPRISE: {"department": department(number)},
    }
