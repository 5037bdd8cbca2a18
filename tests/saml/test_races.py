"""Sign-ons at the same moment, at a real server with two processes, on both databases."""

from __future__ import annotations

import http.client
import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import pytest

from tests.live import installed, run, served
from tests.saml.idp import ENTITY_ID, LOGIN_URL, Answer, Asked, key_pair

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message

AT_ONCE = 8
ADELE = "adele.vance@litware.example"
GROUPS = ["All Staff", "Sales"]

CONFIGURE = """
import json, os
from scim.models import Organization
from zportal.models import AuthenticationSettings, SamlConfiguration, Stage
organization = Organization.objects.get()
for stage in Stage:
    AuthenticationSettings.objects.update_or_create(
        organization=organization, stage=stage, defaults={"authentication_type": "saml"}
    )
    SamlConfiguration.objects.update_or_create(
        organization=organization, stage=stage, defaults=json.loads(%r)
    )
print(organization.pk)
"""


@dataclass(frozen=True)
class Site:
    """A running server whose one organization signs on with SAML."""

    address: str
    org_id: str
    base_url: str
    secret: str

    def asked(self) -> Asked:
        """Begin a sign-on; return what the identity provider is asked."""
        _, headers, _ = self._call("GET", f"/sfc_sso/{self.org_id}")
        return Asked(str(headers["Location"]))

    def post(self, answer: tuple[str, str]) -> int:
        """Post an encoded response with its RelayState; return the status."""
        encoded, relay_state = answer
        body = urlencode({"SAMLResponse": encoded, "RelayState": relay_state})
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._call("POST", "/sfc_sso", body, form)[0]

    def at_once(self, answers: list[tuple[str, str]]) -> Counter[int]:
        """Post all of them at the same moment; return how often each status came."""
        with ThreadPoolExecutor(len(answers)) as browsers:
            return Counter(browsers.map(self.post, answers))

    def answer(self, asked: Asked) -> tuple[str, str]:
        said = Answer(
            asked.id,
            reply_url=f"{self.address}/sfc_sso",
            name_id=ADELE,
            attributes={"displayName": ["Adele Vance"], "memberOf": GROUPS},
        )
        return said.encoded(), asked.relay_state

    def resources(self, kind: str) -> list[dict[str, Any]]:
        """What SCIM lists of that kind."""
        path = f"{urlsplit(self.base_url).path}/{kind}"
        token = {"Authorization": f"Bearer {self.secret}"}
        _, _, body = self._call("GET", path, None, token)
        found: list[dict[str, Any]] = json.loads(body)["Resources"]
        return found

    def _call(
        self,
        method: str,
        path: str,
        body: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, Message, bytes]:
        wire = http.client.HTTPConnection(urlsplit(self.address).netloc, timeout=60)
        with closing(wire):
            wire.request(method, path, body, headers or {})
            answer = wire.getresponse()
            return answer.status, answer.headers, answer.read()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    directory = tmp_path_factory.mktemp("sign-on")
    saml = {
        "portal_url": LOGIN_URL,
        "issuer": ENTITY_ID,
        "certificate": key_pair().certificate,
        "auto_provisioning": True,
    }
    with installed(directory) as here:
        said = run(here.environment, "shell", "-c", CONFIGURE % json.dumps(saml))
        with served(here.environment, directory / "gunicorn.log", here.address):
            yield Site(here.address, said.splitlines()[-1], here.base_url, here.secret)


def test_one_response_signs_on_once(site: Site) -> None:
    answer = site.answer(site.asked())
    assert site.at_once([answer] * AT_ONCE) == {303: 1, 403: AT_ONCE - 1}


def test_a_new_person_is_made_once(site: Site) -> None:
    answers = [site.answer(site.asked()) for _ in range(AT_ONCE)]
    assert site.at_once(answers) == {303: AT_ONCE}
    [adele] = site.resources("Users")
    assert adele["userName"] == ADELE
    groups = site.resources("Groups")
    assert sorted(str(group["displayName"]) for group in groups) == GROUPS
    for group in groups:
        assert [member["value"] for member in group["members"]] == [adele["id"]]
