"""docs/security.md and the pages beside it name the limits that the code has."""

from __future__ import annotations

from pathlib import Path

import pytest

from scim.http.request_body import MAX_VALUES
from scim.query.filters import MAX_LENGTH, MOST_WORK
from scim.query.projection import MAX_NAMES
from scim.query.time_limits import SEARCH_SECONDS
from scim.resources.bulk_request import MAX_OPERATIONS
from scim.resources.validation import MAX_PARTS
from zportal.saml.messages import DEEPEST, MOST, MOST_ELEMENTS
from zportal.saml.signatures import MOST_IDS
from zportal.sign_in.login import WRONG_OF_ADDRESS
from zportal.sign_in.passwords import PasswordHasher

DOCS = Path(__file__).parents[1] / "docs"

NAMED = [
    ("security.md", f"{MAX_VALUES:,} values"),
    ("security.md", f"{MAX_PARTS:,} values"),
    ("security.md", f"{MAX_NAMES:,} names"),
    ("security.md", f"filter of {MAX_LENGTH:,} characters"),
    ("security.md", f"Bulk of {MAX_OPERATIONS:,} operations"),
    ("security.md", f"{MOST_ELEMENTS:,} elements"),
    ("security.md", f"{MOST_ELEMENTS:,} XML attributes"),
    ("security.md", f"{DEEPEST} elements in each other"),
    ("security.md", f"{MOST} namespaces"),
    ("security.md", f"{MOST_IDS} IDs"),
    ("security.md", f"{PasswordHasher.memory_cost // 1024} MiB"),
    ("scim.md", f"| work of a filter | {MOST_WORK}:"),
    ("scim.md", f"{SEARCH_SECONDS:g} seconds; then 400 tooMany"),
    ("scim.md", f"{MAX_LENGTH:,} characters"),
    ("saml-sign-on.md", f"{MOST_ELEMENTS:,} elements and as many XML attributes"),
    ("saml-sign-on.md", f"{DEEPEST} elements in each other"),
    ("portal.md", f"| {WRONG_OF_ADDRESS} within five minutes |"),
]


@pytest.mark.parametrize(("page", "words"), NAMED)
def test_the_page_names_the_limit(page: str, words: str) -> None:
    assert words in (DOCS / page).read_text()
