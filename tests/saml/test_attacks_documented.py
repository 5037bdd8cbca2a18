"""docs/saml-attacks.md is what the tables of the tests say.

Write it anew by running this module with WRITE_DOCS=1.
"""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path

from tests.saml.attacking import ACCEPTED, CLOSED, Table
from zportal.saml.codes import CODES

PAGE = Path(__file__).parents[2] / "docs" / "saml-attacks.md"

MODULES = (
    "wrapping",
    "signature",
    "encryption",
    "ciphertext",
    "bounds",
    "fetching",
    "names",
    "addressing",
    "replay",
    "organizations",
    "documents",
)

HEAD = """# Attacks on SAML sign-on

What comes of each attack that the tests carry out, on SQLite and on PostgreSQL. The
messages are those of pysaml2's identity provider, signed by libxmlsec1 and then changed, or
changed and then signed where the identity provider itself says so.

A code means: the page with that code of Zscaler's, status 403 or 404, nobody signed on, no
session, nothing changed in the directory, and an event wherever the organization is known.
Under *What is to be fetched or run* each test also shows that **nothing was opened**: a
FIFO that a process watches, named in four ways, and a port of this machine, each for the
answer to a request and for a stranger's message, with IdP-initiated sign-on on and off.
Until November 2026 this page called such rows handled because nobody was signed on; files
were opened all the same.

*accepted* means that it only looks like an attack: whom the identity provider spoke of is
signed on, and nobody else. *shown to nobody* means that the door stays shut without a code.

`tests/saml/test_attacks_documented.py` holds this page to the tests.
"""


def tables() -> list[Table]:
    names = (f"tests.saml.test_attacks_{name}" for name in MODULES)
    return [import_module(name).table for name in names]


def page() -> str:
    """Return the page as the tables have it."""
    parts = [HEAD]
    for table in tables():
        rows = [f"| {name} | {code} |" for name, code in table.rows.items()]
        head = ["| Attack | Verdict |", "| --- | --- |"]
        parts.append("\n".join([f"## {table.title}", "", *head, *rows, ""]))
    return "\n".join(parts)


def test_the_page_is_what_the_tests_say() -> None:
    if os.environ.get("WRITE_DOCS"):
        PAGE.write_text(page())
    assert PAGE.read_text() == page()


def test_every_module_of_attacks_is_in_the_page() -> None:
    found = {each.stem for each in Path(__file__).parent.glob("test_attacks_*.py")}

    assert found == {f"test_attacks_{name}" for name in (*MODULES, "documented")}


def test_every_verdict_is_a_code_of_the_vendor() -> None:
    verdicts = {code for table in tables() for code in table.rows.values()}

    assert verdicts <= {*CODES, ACCEPTED, CLOSED}
