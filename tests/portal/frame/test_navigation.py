"""The frame: menu, error pages, addresses that do not exist, headers of every page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.template.loader import render_to_string
from django.test import Client

from zportal.frame.navigation import MENUS, Entry

if TYPE_CHECKING:
    from scim.models import Organization

HOME = "/administration/authentication-settings/"
ENTRIES = [entry for menu in MENUS for entry in menu.entries]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.label)
def test_each_entry_of_the_menu_works_and_is_marked(
    signed_in: Client, entry: Entry
) -> None:
    url = entry.url
    page = signed_in.get(url)
    assert page.status_code == 200
    assert f'href="{url}" aria-current="page"' in page.content.decode()
    assert entry.is_current(url)


def test_the_menu_names_the_vendors_groups() -> None:
    assert [menu.label for menu in MENUS] == ["Administration"]
    groups = [group for group, _ in MENUS[0].groups()]
    assert set(groups) <= {"Settings", "Authentication", "Resources"}
    assert len(groups) == len(set(groups))


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.label)
def test_signed_in_pages_are_neither_cached_nor_framed(
    signed_in: Client, entry: Entry
) -> None:
    headers = signed_in.get(entry.url).headers
    assert "no-store" in headers["Cache-Control"]
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert headers["X-Frame-Options"] == "DENY"


def test_pages_have_no_inline_script_or_style(signed_in: Client) -> None:
    for url in [entry.url for entry in ENTRIES]:
        html = signed_in.get(url).content.decode()
        assert "<style" not in html
        assert " style=" not in html
        assert " onclick=" not in html
        assert html.count("<script") == html.count("<script src=") + html.count(
            '<script type="module" src='
        )


def test_the_corner_names_the_organization(
    signed_in: Client, contoso: Organization
) -> None:
    page = signed_in.get(HOME).content.decode()
    assert "<strong><bdi>Contoso</bdi></strong>" in page
    assert f"Company ID {contoso.org_id}" in page
    assert "zscalerone.net" in page


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere/",
        "/login/",
        "/logout/",
        "/password_change/",
        "/jsi18n/",
        "/autocomplete/",
        "/scim/",
        "/scim/directoryuser/",
        "/zportal/administrator/",
        "/r/1/1/",
        "/admin/",
    ],
)
def test_other_addresses_do_not_exist(signed_in: Client, path: str) -> None:
    page = signed_in.get(path)
    assert page.status_code == 404
    html = page.content.decode()
    assert "<h1>Page not found</h1>" in html
    assert "Log Out" in html
    anonymous = Client().get(path)
    assert anonymous.status_code == 302
    assert anonymous.headers["Location"] == f"/sign-in/?next={path}"


def test_a_missing_slash_is_added(signed_in: Client) -> None:
    assert signed_in.get(HOME.rstrip("/")).headers["Location"] == HOME


def test_the_page_of_an_error_needs_neither_request_nor_database() -> None:
    html = render_to_string("500.html")
    assert "<h1>Something went wrong</h1>" in html
    assert "Log Out" not in html


def test_too_much_data_is_a_bad_request_in_our_look(signed_in: Client) -> None:
    answer = signed_in.post(HOME, {f"field{number}": "x" for number in range(1_001)})
    assert answer.status_code == 400
    assert b"<h1>Bad request</h1>" in answer.content


def test_every_page_disclaims(signed_in: Client) -> None:
    line = b"Not affiliated with Zscaler or Microsoft."
    assert signed_in.get(HOME).content.count(line) == 1
    assert Client().get("/sign-in/").content.count(line) == 1
