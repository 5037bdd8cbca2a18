"""Situations of the portal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.portal import factories

if TYPE_CHECKING:
    from scim.models import DirectoryUser, Organization


@pytest.fixture
def staff(contoso: Organization) -> dict[str, DirectoryUser]:
    """Four people of Contoso: two departments, two groups, one of them disabled."""
    everyone = factories.group(contoso, "All Staff")
    sales = factories.group(contoso, "Sales EMEA", externalId="G-77")
    return {
        "adele": factories.person(
            contoso,
            "adele.vance@contoso.example",
            displayName="Adele Vance",
            externalId="AAAA-1111",
            groups=[everyone, sales],
            dept="Sales",
        ),
        "alex": factories.person(
            contoso,
            "Alex.Wilber@contoso.example",
            displayName="Alex Wilber",
            groups=[everyone],
            dept="Marketing",
        ),
        "diego": factories.person(
            contoso,
            "diego@contoso.example",
            displayName="Zo\u0308e Öztürk",
            active=False,
            dept="SALES",
        ),
        "nobody": factories.person(contoso, "bare@contoso.example"),
    }
