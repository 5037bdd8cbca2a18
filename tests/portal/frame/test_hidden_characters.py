"""Characters that nobody sees, in what a client sends: shown on every page, kept as sent."""
# ruff: noqa: RUF001 - letters of other scripts are what this is about

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from scim.models import DirectoryGroup, DirectoryUser
from tests.portal import factories
from tests.scim.messages import created, group, members, read, user

if TYPE_CHECKING:
    from django.test import Client

    from scim.models import Organization
    from tests.situations import ScimClient

USERS = "/administration/user-management/users/"
GROUPS = "/administration/user-management/groups/"
DEPARTMENTS = "/administration/user-management/departments/"
ENTERPRISE = factories.ENTERPRISE
HIDDEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\x00-\x08\x7f-\x9f]")

CHARACTERS = {
    "\u200b": "⟨U+200B⟩",  # zero width space
    "\u202e": "⟨U+202E⟩",  # right-to-left override
    "\u2066": "⟨U+2066⟩",  # left-to-right isolate
    "\x07": "⟨U+0007⟩",
    "\x9f": "⟨U+009F⟩",
    "\u00ad": "⟨U+00AD⟩",  # soft hyphen
    "\U000e0041": "⟨U+E0041⟩",  # a tag
    "\ufe0f": "⟨U+FE0F⟩",  # of an emoji, behind none
    "\u2800": "⟨U+2800⟩",  # a blank of Braille
}


def deceive(scim: ScimClient, odd: str) -> dict[str, str]:
    """Send a person and a group whose every name has *odd* in it; return their ids."""
    person: dict[str, Any] = user(
        f"ada{odd}x@contoso.example",
        displayName=f"Ada{odd}Park",
        title=f"Head{odd}x",
        externalId=f"ext{odd}x",
    )
    person[ENTERPRISE] = {"department": f"Risk{odd}x"}
    scim_id = created(scim, "/Users", person)["id"]
    body = group(f"Staff{odd}x") | {"members": members(scim_id)}
    return {"/Users": scim_id, "/Groups": created(scim, "/Groups", body)["id"]}


@pytest.mark.parametrize(("odd", "shown"), CHARACTERS.items(), ids=ascii)
def test_every_page_shows_them(
    signed_in: Client, scim: ScimClient, odd: str, shown: str
) -> None:
    deceive(scim, odd)
    person = DirectoryUser.objects.get()
    pages = [
        USERS,
        GROUPS,
        DEPARTMENTS,
        f"{USERS}{person.pk}/",
        f"{GROUPS}{DirectoryGroup.objects.get().pk}/",
        f"{DEPARTMENTS}{person.department_id}/",
        "/search/?q=ada",
        f"{USERS}?q=ada",
    ]
    for address in pages:
        answer = signed_in.get(address)
        assert answer.status_code == 200, address
        html = answer.content.decode()
        assert odd not in html, address
        assert not HIDDEN.search(html), address
        assert shown in html, address
        assert answer["Content-Length"] == str(len(answer.content))
    titles = re.search("<title>(.*?)</title>", signed_in.get(pages[3]).content.decode())
    assert titles
    assert shown in titles[1]


def test_they_are_stored_and_served_as_sent(
    signed_in: Client, scim: ScimClient
) -> None:
    ids = deceive(scim, "\u202e")
    signed_in.get(f"{USERS}{DirectoryUser.objects.get().pk}/")
    assert DirectoryUser.objects.get().scim_username == "ada\u202ex@contoso.example"
    assert read(scim, "/Users", ids["/Users"])["displayName"] == "Ada\u202ePark"
    assert read(scim, "/Groups", ids["/Groups"])["displayName"] == "Staff\u202ex"


def test_the_resource_is_shown_as_json_that_says_the_same(
    signed_in: Client, scim: ScimClient
) -> None:
    deceive(scim, "\u202e")
    html = signed_in.get(f"{USERS}{DirectoryUser.objects.get().pk}/").content.decode()
    assert "ada\\u202ex@contoso.example" in html


def test_pages_and_lists_warn(signed_in: Client, scim: ScimClient) -> None:
    created(scim, "/Users", user("bo@contoso.example"))
    bo = DirectoryUser.objects.get()
    for address in (USERS, GROUPS, f"{USERS}{bo.pk}/"):
        html = signed_in.get(address).content.decode()
        assert "Hidden characters" not in html
        assert "characters that nobody sees" not in html
    deceive(scim, "\u200b")
    ada = DirectoryUser.objects.exclude(pk=bo.pk).get()
    staff = DirectoryGroup.objects.get()
    assert signed_in.get(USERS).content.decode().count("Hidden characters") == 2
    assert "Hidden characters" in signed_in.get(GROUPS).content.decode()
    for address in (f"{USERS}{ada.pk}/", f"{GROUPS}{staff.pk}/"):
        assert "characters that nobody sees" in signed_in.get(address).content.decode()


@pytest.mark.parametrize(
    "name", ["می\u200cخواهم", "👨\u200d👩\u200d👧", "❤\ufe0f", "क्\u200dष", "Zoë"]
)
def test_what_a_script_needs_stays(
    signed_in: Client, contoso: Organization, name: str
) -> None:
    person = factories.person(contoso, displayName=name)
    html = signed_in.get(f"{USERS}{person.pk}/").content.decode()
    assert name in html
    assert "⟨U+" not in html


def test_what_is_typed_goes_back_as_it_was(signed_in: Client) -> None:
    html = signed_in.get("/search/", {"q": "a\u200bb"}).content.decode()
    assert 'value="a\u200bb"' in html
