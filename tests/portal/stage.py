"""One organization full of hostile content, one that is empty, and who looks at them.

The tests that walk the pages in a browser share it: it is set up once for a module.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings

from scim.extensions import NAME_LENGTH, TYPES, ExtensionAttribute
from scim.models import (
    DirectoryGroup,
    DirectoryUser,
    Organization,
    ProvisioningEvent,
)
from scim.services import organizations, schema_extensions
from scim.services.saml_provisioning import Plan
from tests.portal import factories
from tests.portal.settings_form import PAGE, certificate, form, upload
from tests.saml.conftest import Browser, configure
from tests.saml.idp import Answer
from tests.situations import administrator_of, open_tenant, signed_in_as
from zportal.models import (
    Activation,
    SamlConfiguration,
    SigningKey,
    SignOnTest,
    Stage,
)
from zportal.saml.codes import Refused
from zportal.saml.messages import Posted
from zportal.saml.report import report_of

if TYPE_CHECKING:
    from zportal.models import Administrator

LONG = "W" * 200
"""A word that nothing lets break."""

RIGHT_TO_LEFT = "\u202eעדי\u202c \u2067ואנס"  # noqa: RUF001 - these are Hebrew letters
"""A Hebrew name with an override and an isolate that nobody closes."""

HEBREW = RIGHT_TO_LEFT.translate(dict.fromkeys(map(ord, "\u202e\u202c\u2067")))
"""The letters of it alone, as the name of an organization may be."""

ARABIC = "عادل.منصور@contoso.example"
DOMAIN = f"{'d' * 60}.{'e' * 60}.{'f' * 60}.example"
GROUPS = 120
"""More than two pages of the list hold."""


PERSON = "a person"
"""The visitor who has signed on: no administrator."""

ASKED = "a person who is asked"
"""The same, when a response that nobody asked for would sign on somebody else."""


@dataclass(frozen=True)
class Cast:
    """Where things are, the session of each administrator by login, people's cookies."""

    keys: dict[str, int]
    sessions: dict[str, str]
    people: dict[str, dict[str, str]]

    def cookies_of(self, visitor: str) -> dict[str, str]:
        """The cookies of a visitor; none for nobody."""
        if visitor in self.people:
            return self.people[visitor]
        session = self.sessions.get(visitor)
        return {settings.SESSION_COOKIE_NAME: session} if session else {}


def set_up() -> Cast:
    """Fill the database and sign everybody in."""
    contoso = open_tenant(f"Contoso {LONG}", "contoso.example").organization
    empty = organizations.create_organization(name=HEBREW, domains=["empty.example"])
    organizations.register_domain(organization=contoso, name=DOMAIN)
    people = [
        administrator_of(contoso, "root", is_superuser=True, name=RIGHT_TO_LEFT),
        administrator_of(contoso, f"admin-{LONG[:120]}", name=LONG),
        administrator_of(contoso, "generator"),
        administrator_of(contoso, "auditor", role="auditor"),
        administrator_of(empty, "newcomer"),
    ]
    _stage_changes(contoso, people[0])
    _extend(contoso)
    keys = _directory(contoso)
    training = organizations.create_organization(name=LONG, domains=["contoso.example"])
    configure(training, auto_provisioning=True, idp_initiated=True)
    keys |= _tests(contoso)
    return Cast(
        keys, {_short(each): _session(each) for each in people}, _signed_on(training)
    )


def _signed_on(organization: Organization) -> dict[str, dict[str, str]]:
    """Sign a person on with long and foreign attributes; return the cookies.

    Then somebody with a long name arrives whom nobody asked for.
    """
    browser = Browser(organization)

    def cookies() -> dict[str, str]:
        return {name: morsel.value for name, morsel in browser.client.cookies.items()}

    says = {"displayName": [RIGHT_TO_LEFT], "memberOf": [LONG[:120]], LONG: [LONG, "b"]}
    assert browser.sign_on(attributes=says).status_code == 303
    assert browser.client.get("/signed-on/").status_code == 200
    person = cookies()
    url = f"/sso_upd/{organization.pk}"
    other = f"{LONG[:60]}@contoso.example"
    answer = Answer("", reply_url=f"http://testserver{url}", name_id=other)
    assert browser.post(answer, url=url).status_code == 303
    return {PERSON: person, ASKED: cookies()}


def _tests(organization: Organization) -> dict[str, int]:
    """Store the report of a test that passed, and of one that did not."""
    plan = Plan(True, {f"urn:{LONG}": [LONG, None]}, [LONG], [RIGHT_TO_LEFT], [LONG])
    report = report_of(Posted("", f"<{LONG}/>".encode(), ""), None, None) | {
        "is_accepted": True,
        "verdicts": [
            {"name": "Status", "detail": LONG, "error": None, "was_run": True}
        ],
        "login": LONG,
        "name_id": LONG,
        "attributes": {LONG: [LONG, RIGHT_TO_LEFT]},
        "plan": asdict(plan),
    }
    refusal = Refused("0xB003", f"{LONG} {RIGHT_TO_LEFT}")
    failed = report_of(Posted("", LONG.encode(), ""), None, refusal)
    make = SignOnTest.objects.create
    passed, refused = (
        make(organization=organization, actor=LONG, report=each)
        for each in (report, failed)
    )
    key = SigningKey.objects.create(
        organization=organization, certificate=certificate(subject=LONG[:60]).decode()
    )
    SamlConfiguration.objects.update_or_create(
        organization=organization, stage=Stage.STAGED, defaults={"signing_key": key}
    )
    return {
        "passed": passed.pk,
        "zportal_signontest": refused.pk,
        "zportal_signingkey": key.pk,
    }


def _short(administrator: Administrator) -> str:
    return administrator.login.partition("-")[0]


def _session(administrator: Administrator) -> str:
    return signed_in_as(administrator).cookies[settings.SESSION_COOKIE_NAME].value


def _stage_changes(organization: Organization, administrator: Administrator) -> None:
    """Save what waits for activation, as *administrator* would."""
    Activation.objects.create(
        organization=organization, actor=LONG, changes={"SAML Portal URL": ["", ""]}
    )
    values = form(
        portal_url=f"https://idp.example/{LONG}",
        certificate=upload(certificate(days=10, subject=LONG[:60])),
        auto_provisioning="on",
    )
    assert signed_in_as(administrator).post(PAGE, values).status_code == 302


def _extend(organization: Organization) -> None:
    """Declare an extension with long names, and one without attributes."""
    name = LONG[:NAME_LENGTH]
    for extension, text in ((name, RIGHT_TO_LEFT), ("Empty", "")):
        schema_extensions.add_extension(
            organization=organization, name=extension, description=text
        )
    for kind in TYPES:
        attribute = ExtensionAttribute(f"{kind}{name}"[: len(name)], kind, LONG)
        schema_extensions.add_attribute(
            organization=organization, extension=name, attribute=attribute
        )


def _directory(organization: Organization) -> dict[str, int]:
    groups = _groups(organization)
    person = factories.person(
        organization,
        f"{LONG[:184]}@contoso.example",
        groups=groups,
        dept=LONG,
        displayName=LONG,
        title=RIGHT_TO_LEFT,
        externalId=LONG,
        emails=[
            {"type": LONG[:60], "value": f"{LONG}@contoso.example", "primary": True}
        ],
        **{f"urn:example:{LONG}": {"badge": LONG}},
    )
    other = factories.person(
        organization,
        ARABIC,
        groups=groups[-2:],
        dept=RIGHT_TO_LEFT,
        displayName=RIGHT_TO_LEFT,
        active=False,
    )
    _events(organization, person, other, groups[0])
    assert person.department is not None
    return {
        "scim_directoryuser": person.pk,
        "scim_directorygroup": groups[0].pk,
        "scim_department": person.department.pk,
        "disabled": other.pk,
    }


def _groups(organization: Organization) -> list[DirectoryGroup]:
    names = [LONG, RIGHT_TO_LEFT, *(f"Team {n:03}" for n in range(GROUPS - 2))]
    return [factories.group(organization, name) for name in names]


def _events(
    organization: Organization,
    person: DirectoryUser,
    other: DirectoryUser,
    group: DirectoryGroup,
) -> None:
    factories.refusal(organization, f"joni@{DOMAIN.replace('d', 'x')}")
    about: dict[str, Any] = {"method": "PATCH", "path": f"/{LONG}", "status": 200}
    factories.event(
        organization,
        resource_type="User",
        resource_key=person.pk,
        action=ProvisioningEvent.Action.CHANGE,
        changes={
            "displayName": [RIGHT_TO_LEFT, LONG],
            f"urn:example:{LONG}": ["", LONG],
        },
        **about,
    )
    factories.event(
        organization,
        resource_type="Group",
        resource_key=group.pk,
        action=ProvisioningEvent.Action.CHANGE,
        changes={"members": [[LONG[:36]], [str(other.scim_id), str(person.scim_id)]]},
        **about,
    )
