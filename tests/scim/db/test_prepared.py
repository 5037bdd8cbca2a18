"""SQL that is made once: its rows are those of the ORM, and PostgreSQL prepares it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from scim.models import DirectoryUser
from scim.query.lookups import find
from tests.scim.messages import ENTERPRISE, created, patch_op, user

if TYPE_CHECKING:
    from scim.models import Organization
    from tests.situations import ScimClient

pytestmark = pytest.mark.django_db


def test_rows_are_those_of_the_orm(scim: ScimClient, contoso: Organization) -> None:
    ada = created(scim, "/Users", user(**{ENTERPRISE: {"department": "Risk"}}))["id"]
    usual = DirectoryUser.objects.get()
    row = find(DirectoryUser, contoso.pk, ada, locked=True)
    fields = [field.attname for field in DirectoryUser._meta.concrete_fields]
    assert row == usual
    assert [getattr(row, name) for name in fields] == [
        getattr(usual, name) for name in fields
    ]
    assert row.department.name == "Risk"
    row.display_name = "Ada"
    row.save(update_fields=["display_name"])
    usual.refresh_from_db()
    assert usual.display_name == "Ada"


def test_columns_left_out_are_loaded_when_wanted(
    scim: ScimClient, contoso: Organization
) -> None:
    ada = created(scim, "/Users", user())["id"]
    row = find(DirectoryUser, contoso.pk, ada, locked=False)
    assert row.get_deferred_fields() == {"search"}
    with CaptureQueriesContext(connection) as context:
        assert row.search == DirectoryUser.objects.get().search
    assert len(context) == 2


def test_postgresql_prepares_what_comes_again(scim: ScimClient) -> None:
    """And nothing else: the text of other statements would be kept meanwhile.

    SQLite parses in no time worth saving.
    """
    for number in range(4):
        ada = created(scim, "/Users", user(f"u{number}@contoso.example"))["id"]
        disable = {"op": "Replace", "path": "active", "value": "False"}
        assert scim.patch(f"/Users/{ada}", patch_op(disable)).status_code == 200
        assert scim.get("/Users?count=2").status_code == 200
        assert scim.delete(f"/Users/{ada}").status_code == 204
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        prepared = [row[0] for row in cursor.fetchall()]
    of_users = [text for text in prepared if '"scim_directoryuser"' in text]
    verbs = {text.split()[0] for text in of_users}
    assert verbs == {"SELECT", "DELETE"}
    assert not [text for text in prepared if "COUNT(" in text]
    assert connection.connection.prepare_threshold is None
