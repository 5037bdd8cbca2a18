"""To whom a message is addressed, by whom, what it answers, and for how long it holds."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from lxml import etree

from tests.saml.attacking import ACCEPTED, Attack, Forgery, Scene, Table
from tests.saml.provider import AUDIENCE, NAMES, SAML, SAMLP

table = Table("Addresses, requests and time")

HERE = "http://testserver/sfc_sso"
WRONG_PLACE = "0xB000"
UNUSABLE = "0xA022"
NO_REQUEST = "0xE5501"
LATE = "0xB004"
STRANGER = "0xB00A5"
STATUS = "0xE5615"
RESPONSE = ("response",)


def variants(names: dict[str, tuple[Any, str]], change: Any, **options: Any) -> None:
    """Add a row for each of *names*: a value, and the code that comes of it."""
    for name, (value, code) in names.items():
        table.said(name, code, **options)(
            lambda forgery, value=value: change(forgery, value)
        )


# ------------------------------------------------------------------------- addressed to
def audience(forgery: Forgery, texts: list[str]) -> None:
    holder = forgery.conditions.find("saml:AudienceRestriction", NAMES)
    for node in list(holder):
        holder.remove(node)
    for text in texts:
        etree.SubElement(holder, f"{{{SAML}}}Audience").text = text


variants(
    {
        "Audience of another service": (["other.example"], UNUSABLE),
        "Audience that begins like ours": ([f"{AUDIENCE}.evil.example"], UNUSABLE),
        "Audience that ends like ours": ([f"evil-{AUDIENCE}"], UNUSABLE),
        "Audience in other letter case": ([AUDIENCE.upper()], UNUSABLE),
        "Audience empty": ([""], UNUSABLE),
        "Several audiences, ours among them": (["other.example", AUDIENCE], ACCEPTED),
    },
    audience,
)


@table.said("No Audience at all", UNUSABLE)
def no_audience(forgery: Forgery) -> None:
    forgery.conditions.remove(forgery.conditions[0])


@table.said("Two AudienceRestrictions, ours in one only", UNUSABLE)
def two_restrictions(forgery: Forgery) -> None:
    restriction = forgery.conditions[0]
    other = deepcopy(restriction)
    other[0].text = "other.example"
    restriction.addnext(other)


@table.said("No Conditions", UNUSABLE)
def no_conditions(forgery: Forgery) -> None:
    forgery.assertion.remove(forgery.conditions)


def put(node: Any, name: str, value: str | None) -> None:
    if value is None:
        del node.attrib[name]
    else:
        node.set(name, value)


ELSEWHERE: dict[str, tuple[Any, str]] = {
    "of another host": ("http://evil.example/sfc_sso", WRONG_PLACE),
    "that ours begins": (f"{HERE}/../evil", WRONG_PLACE),
    "that begins ours": ("http://testserver/sfc", WRONG_PLACE),
    "that ours ends": (f"http://evil.example/?{HERE}", WRONG_PLACE),
    "with a query behind": (f"{HERE}?next=evil", WRONG_PLACE),
    "of a host that begins like ours": (
        "http://testserver.evil.example/sfc_sso",
        WRONG_PLACE,
    ),
    "with a name before the host": (
        "http://testserver@evil.example/sfc_sso",
        WRONG_PLACE,
    ),
    "in other letter case": ("http://testserver/SFC_SSO", WRONG_PLACE),
    "of another scheme": ("https://testserver/sfc_sso", WRONG_PLACE),
    "of another port": ("http://testserver:8443/sfc_sso", WRONG_PLACE),
    "of another organization": ("http://testserver/sso_upd/10000001", WRONG_PLACE),
    "empty": ("", WRONG_PLACE),
}
variants(
    {f"Destination {name}": value for name, value in ELSEWHERE.items()},
    lambda forgery, value: put(forgery.root, "Destination", value),
    signs=RESPONSE,
)
variants(
    {f"Recipient {name}": value for name, value in ELSEWHERE.items()},
    lambda forgery, value: put(forgery.confirmation, "Recipient", value),
)
variants(
    {"No Destination in a signed response": (None, WRONG_PLACE)},
    lambda forgery, value: put(forgery.root, "Destination", value),
    signs=("response", "both"),
)
variants(
    {"No Destination in a response that is not signed": (None, ACCEPTED)},
    lambda forgery, value: put(forgery.root, "Destination", value),
)
variants(
    {"No Recipient": (None, WRONG_PLACE)},
    lambda forgery, value: put(forgery.confirmation, "Recipient", value),
)


@table.said("Both with the port that is meant anyway", ACCEPTED)
def meant_port(forgery: Forgery) -> None:
    forgery.root.set("Destination", "http://testserver:80/sfc_sso")
    forgery.confirmation.set("Recipient", "http://testserver:80/sfc_sso")


def method(forgery: Forgery, name: str) -> None:
    forgery.confirmation.getparent().set(
        "Method", f"urn:oasis:names:tc:SAML:2.0:cm:{name}"
    )


variants(
    {
        "SubjectConfirmation of the method holder-of-key": (
            "holder-of-key",
            WRONG_PLACE,
        ),
        "SubjectConfirmation of the method sender-vouches": (
            "sender-vouches",
            WRONG_PLACE,
        ),
    },
    method,
)


@table.said("No SubjectConfirmationData", WRONG_PLACE)
def no_data(forgery: Forgery) -> None:
    forgery.confirmation.getparent().remove(forgery.confirmation)


# ---------------------------------------------------------------------------- from whom
def issuers(forgery: Forgery, text: str, which: str = "both") -> None:
    if which != "assertion":
        forgery.find("saml:Issuer").text = text
    if which != "response":
        forgery.find("saml:Assertion/saml:Issuer").text = text


variants(
    {
        "Another issuer": ("https://evil.example/", STRANGER),
        "An empty issuer": ("", STRANGER),
    },
    issuers,
)
variants(
    {"Another issuer in the assertion only": ("https://evil.example/", STRANGER)},
    lambda forgery, text: issuers(forgery, text, "assertion"),
)
variants(
    {"Another issuer in the response only": ("https://evil.example/", STRANGER)},
    lambda forgery, text: issuers(forgery, text, "response"),
)


@table.said("Two Issuers in the assertion", UNUSABLE)
def two_issuers(forgery: Forgery) -> None:
    issuer = forgery.find("saml:Assertion/saml:Issuer")
    issuer.addnext(deepcopy(issuer))


@table.said("Two Issuers, no IdP Entity ID set", STRANGER, issuer="")
def any_issuer(forgery: Forgery) -> None:
    issuers(forgery, "https://evil.example/", "response")


# ------------------------------------------------------------------------- what it answers
def answers(forgery: Forgery, value: str | None, which: str = "both") -> None:
    if which != "assertion":
        put(forgery.root, "InResponseTo", value)
    if which != "response":
        put(forgery.confirmation, "InResponseTo", value)


@table.said("No InResponseTo", NO_REQUEST, is_known=False)
def unsolicited(forgery: Forgery) -> None:
    answers(forgery, None)


@table.said("InResponseTo that nobody here signed", NO_REQUEST, is_known=False)
def forged(forgery: Forgery) -> None:
    answers(forgery, "_10000001.0.0123456789abcdef.1790000000.0123456789abcdef.AAAA")


@table.said("InResponseTo with one letter changed", NO_REQUEST, is_known=False)
def touched(forgery: Forgery) -> None:
    last = "A" if forgery.request_id[-1] != "A" else "B"
    answers(forgery, forgery.request_id[:-1] + last)


@table.said("InResponseTo in letters that are no ASCII", NO_REQUEST, is_known=False)
def no_ascii(forgery: Forgery) -> None:
    answers(forgery, "_é.0.0.0.0.ß")


@table.said("The assertion answers another request than the response", WRONG_PLACE)
def another(forgery: Forgery) -> None:
    answers(forgery, "_another", "assertion")


@table.said("The assertion answers no request, the response does", WRONG_PLACE)
def half(forgery: Forgery) -> None:
    answers(forgery, None, "assertion")


def relay(forgery: Forgery, value: str) -> None:
    forgery.relay_state = value


variants(
    {
        "RelayState empty": ("", NO_REQUEST),
        "RelayState changed": ("0" * 32, NO_REQUEST),
        "RelayState of a web address": ("https://evil.example/", NO_REQUEST),
    },
    relay,
)


@table.attack("RelayState missing", NO_REQUEST)
def no_relay(forgery: Forgery) -> None:
    forgery.fields = {"RelayState": None}


@table.attack(
    "The answer to a request, at the address for unsolicited ones", WRONG_PLACE
)
def other_address(forgery: Forgery) -> None:
    org_id = forgery.request_id.removeprefix("_").split(".")[0]
    forgery.url = f"/sso_upd/{org_id}"


@table.attack("An organization that is not there", "0xA00F", is_known=False)
def no_organization(forgery: Forgery) -> None:
    forgery.url = "/sso_upd/99999999"


# ------------------------------------------------------------------------- how long
def at(seconds: int) -> str:
    moment = datetime.now(UTC) + timedelta(seconds=seconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def window(forgery: Forgery, limits: tuple[int | str, int | str]) -> None:
    """Set both limits of Conditions, in seconds from now or as they are."""
    names = ("NotBefore", "NotOnOrAfter")
    for name, value in zip(names, limits, strict=True):
        text = at(value) if isinstance(value, int) else value
        forgery.conditions.set(name, text)


def confirmed_until(forgery: Forgery, value: int | str | None) -> None:
    text = at(value) if isinstance(value, int) else value
    put(forgery.confirmation, "NotOnOrAfter", text)


variants(
    {
        "Conditions over for an hour": ((-7200, -3600), LATE),
        "Conditions over for six minutes": ((-7200, -360), LATE),
        "Conditions over for four minutes: clocks may differ by five": (
            (-7200, -240),
            ACCEPTED,
        ),
        "Conditions from an hour on": ((3600, 7200), LATE),
        "Conditions from four minutes on": ((240, 7200), ACCEPTED),
        "Conditions that end before they begin": ((200, -200), ACCEPTED),
        "Conditions until the year 9999": ((-60, "9999-12-31T23:59:59Z"), ACCEPTED),
        "Conditions until the year 0001": ((-60, "0001-01-01T00:00:00Z"), LATE),
        "Conditions until no time": ((-60, "tomorrow"), UNUSABLE),
        "Conditions until the 30th of February": (
            (-60, "2999-02-30T00:00:00Z"),
            UNUSABLE,
        ),
        "Conditions until an empty time": ((-60, ""), UNUSABLE),
        "Conditions until a time of another zone": (
            (-60, "2999-01-01T00:00:00+05:00"),
            UNUSABLE,
        ),
    },
    window,
)
variants(
    {
        "Confirmed until an hour ago": (-3600, LATE),
        "Confirmed until a minute ago": (-60, LATE),
        "Confirmed until the year 9999": ("9999-12-31T23:59:59Z", ACCEPTED),
        "Confirmed until no time": ("soon", UNUSABLE),
        "Confirmed without an end": (None, WRONG_PLACE),
    },
    confirmed_until,
)


@table.said("Confirmed from an hour on", UNUSABLE)
def confirmed_later(forgery: Forgery) -> None:
    forgery.confirmation.set("NotBefore", at(3600))


def session_until(forgery: Forgery, value: int | str) -> None:
    statement = forgery.find("saml:Assertion/saml:AuthnStatement")
    text = at(value) if isinstance(value, int) else value
    statement.set("SessionNotOnOrAfter", text)


variants(
    {
        "The session at the provider is over": (-60, LATE),
        "The session at the provider ends at no time": ("never", UNUSABLE),
    },
    session_until,
)


@table.said("No AuthnStatement", UNUSABLE)
def no_statement(forgery: Forgery) -> None:
    forgery.assertion.remove(forgery.find("saml:Assertion/saml:AuthnStatement"))


# --------------------------------------------------------------------------- the status
def status(forgery: Forgery, value: str) -> None:
    forgery.find("samlp:Status/samlp:StatusCode").set("Value", value)


variants(
    {
        "A status that is not Success": (
            "urn:oasis:names:tc:SAML:2.0:status:Responder",
            STATUS,
        ),
        "A status that begins like Success": (
            "urn:oasis:names:tc:SAML:2.0:status:SuccessOrNot",
            STATUS,
        ),
        "An empty status": ("", STATUS),
    },
    status,
)


@table.said("No Status", STATUS)
def no_status(forgery: Forgery) -> None:
    forgery.root.remove(forgery.find("samlp:Status"))


@table.said("A StatusCode without value", STATUS)
def no_value(forgery: Forgery) -> None:
    del forgery.find("samlp:Status/samlp:StatusCode").attrib["Value"]


@table.said("A failure, with Success in another attribute", STATUS)
def status_in_disguise(forgery: Forgery) -> None:
    code = forgery.find("samlp:Status/samlp:StatusCode")
    success = code.attrib.pop("Value")
    xsi = "{http://www.w3.org/2001/XMLSchema-instance}noNamespaceSchemaLocation"
    code.set(xsi, success)
    code.set("Value", "urn:oasis:names:tc:SAML:2.0:status:Responder")


@table.said("Two StatusCodes", STATUS)
def two_codes(forgery: Forgery) -> None:
    code = forgery.find("samlp:Status/samlp:StatusCode")
    code.addnext(deepcopy(code))


@table.said("Success with a failure inside: the outer code counts", ACCEPTED)
def inner_code(forgery: Forgery) -> None:
    code = forgery.find("samlp:Status/samlp:StatusCode")
    value = "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed"
    etree.SubElement(code, f"{{{SAMLP}}}StatusCode", Value=value)


@pytest.mark.parametrize("attack", table.attacks, ids=str)
def test_the_verdict_is_that_of_the_table(scene: Scene, attack: Attack) -> None:
    scene.run(attack)
