"""Sign-ons a second at the ACS, beside what verifying alone costs. Run by ``make bench``.

A gunicorn as ``make run`` starts it, on a database of its own; responses that are signed
beforehand, each of another person, posted by four clients with kept connections. In the
same run and process, what python3-saml takes for the signature, and for all of its rules.
"""

from __future__ import annotations

import argparse
import http.client
import os
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit, urlunsplit
from urllib.request import urlopen

from django.conf import settings
from django.db import connection
from onelogin.saml2.response import OneLogin_Saml2_Response
from onelogin.saml2.utils import OneLogin_Saml2_Utils as Utils
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML

from bench import processes
from bench.portal import scratch_database
from scim.models import DirectoryUser, Organization
from scim.services import organizations
from tests.portal import factories
from tests.saml.idp import ENTITY_ID, LOGIN_URL, Answer, key_pair
from zportal.models import AuthenticationSettings, SamlConfiguration, Stage
from zportal.saml.requests import new_request_id, relay_state_of
from zportal.saml.trust import Trust

CLIENTS = 4
START_UP = 60
"""Seconds that the server may take until it answers."""

SAYS = {
    "displayName": ["Adele Vance"],
    "memberOf": ["All Staff"],
    "department": ["R&amp;D"],
}


@dataclass(frozen=True)
class Post:
    """A response, ready to be posted."""

    encoded: str
    relay_state: str

    @property
    def body(self) -> str:
        return urlencode({"SAMLResponse": self.encoded, "RelayState": self.relay_state})


def organization(*, auto_provisioning: bool) -> Organization:
    """Make an organization that signs on with SAML."""
    made = organizations.create_organization(
        name=f"Bench {auto_provisioning}", domains=["contoso.example"]
    )
    for stage in Stage:
        AuthenticationSettings.objects.create(
            organization=made,
            stage=stage,
            authentication_type=AuthenticationSettings.Type.SAML,
        )
        SamlConfiguration.objects.create(
            organization=made,
            stage=stage,
            portal_url=LOGIN_URL,
            issuer=ENTITY_ID,
            certificate=key_pair().certificate,
            auto_provisioning=auto_provisioning,
        )
    return made


def posts(signing_on: Organization, number: int, address: str) -> list[Post]:
    """Return *number* responses, each of another person of *signing_on*."""
    made = []
    for each in range(number):
        asked = new_request_id(signing_on, browser="bench")
        name = f"person{each}@contoso.example"
        answer = Answer(
            asked, reply_url=f"{address}/sfc_sso", name_id=name, attributes=SAYS
        )
        made.append(Post(answer.encoded(), relay_state_of(asked)))
    return made


@contextmanager
def served(port: int) -> Iterator[int]:
    """Serve the scratch database; yield the process of the server."""
    server = subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
        [
            *(
                sys.executable,
                "-m",
                "gunicorn",
                "-c",
                "python:zportal.serving.gunicorn",
            ),
            *("--log-level", "error", "--no-control-socket", "zportal.wsgi"),
        ],
        env={
            **os.environ,
            "DATABASE_URL": database_url(),
            "PUBLIC_URL": f"http://127.0.0.1:{port}",
            "PORT": str(port),
            # Otherwise the start demands collected static files.
            "DEBUG": "true",
        },
    )
    try:
        wait_for(port)
        yield server.pid
    finally:
        server.terminate()
        server.wait()


def database_url() -> str:
    """Return the address of the scratch database."""
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    parts = urlsplit(os.environ["DATABASE_URL"])
    return urlunsplit((parts.scheme, parts.netloc, f"/{name}", parts.query, ""))


def wait_for(port: int) -> None:
    deadline = time.monotonic() + START_UP
    while True:
        try:
            with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def load(port: int, given: list[Post]) -> tuple[float, list[float]]:
    """Post all of *given*; return the seconds it took, and those of each."""
    begin = time.perf_counter()
    shares = [given[client::CLIENTS] for client in range(CLIENTS)]
    with ThreadPoolExecutor(CLIENTS) as clients:
        times = [
            each
            for some in clients.map(lambda s: post(port, s), shares)
            for each in some
        ]
    return time.perf_counter() - begin, times


def post(port: int, share: list[Post]) -> list[float]:
    """Post a client's share over one connection; every answer has to be a sign-on."""
    wire = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    times, answers = [], Counter[tuple[int, str | None]]()
    for each in share:
        begin = time.perf_counter()
        wire.request("POST", "/sfc_sso", each.body, headers)
        answer = wire.getresponse()
        answer.read()
        times.append(time.perf_counter() - begin)
        answers[answer.status, answer.headers["Location"]] += 1
    if answers != {(303, "/signed-on/"): len(share)}:
        sys.exit(f"Not everybody was signed on: {answers}")
    return times


def alone(trust: Trust, given: list[Post], address: str) -> tuple[float, float]:
    """Return milliseconds of processor time for a signature, and for the library's rules."""
    certificates = trust.saml.certificates
    trees = [
        OneLogin_Saml2_XML.to_etree(Utils.b64decode(each.encoded)) for each in given
    ]
    path = Utils.ASSERTION_SIGNATURE_XPATH
    signature = taken(
        lambda tree: Utils.validate_sign(tree, xpath=path, multicerts=certificates),
        trees,
    )
    where = {"http_host": address.partition("//")[2], "script_name": "/sfc_sso"}
    library = trust.library_settings()
    rules = taken(
        lambda each: OneLogin_Saml2_Response(library, each.encoded).is_valid(where),
        given,
    )
    return signature, rules


def taken(verify: Callable[..., object], given: list[object] | list[Post]) -> float:
    begin = time.process_time()
    if not all(verify(each) for each in given):
        sys.exit("A response that was to be good is not.")
    return (time.process_time() - begin) * 1000 / len(given)


def measure(title: str, signing_on: Organization, number: int, port: int) -> None:
    address = f"http://127.0.0.1:{port}"
    given = posts(signing_on, number + CLIENTS * 5, address)
    with served(port) as server:
        load(port, given[number:])
        before = processes.processor_seconds([server])
        seconds, times = load(port, given[:number])
        worked = (processes.processor_seconds([server]) - before) * 1000 / number
        _, memory = processes.memory([server])
    signature, rules = alone(
        Trust.of(signing_on, Stage.ACTIVE), given[:number], address
    )
    ranked = statistics.quantiles(times, n=20)
    print(
        f"  {title:34}{number / seconds:6.0f} a second, median "
        f"{statistics.median(times) * 1000:.1f} ms, p95 {ranked[-1] * 1000:.1f} ms\n"
        f"  {'':34}processor: {worked:.1f} ms each = {worked / rules:.1f} x the rules of "
        f"python3-saml ({rules:.2f} ms) = {worked / signature:.0f} x the signature alone "
        f"({signature:.2f} ms); {memory:.0f} MiB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sign-ons", type=int, default=1_000)
    parser.add_argument("--port", type=int, default=8765)
    options = parser.parse_args()
    settings.PUBLIC_URL = f"http://127.0.0.1:{options.port}"
    number = options.sign_ons
    with scratch_database():
        known, new = (organization(auto_provisioning=each) for each in (False, True))
        for each in range(number + CLIENTS * 5):
            factories.person(known, f"person{each}@contoso.example")
        print(f"{connection.vendor}: {number:,} sign-ons, {CLIENTS} clients")
        measure("known people", known, number, options.port)
        measure("new people, auto-provisioned", new, number, options.port)
        made = DirectoryUser.objects.for_organization(new).count()
        if made != number + CLIENTS * 5:
            sys.exit(f"{made} people were made.")


if __name__ == "__main__":
    main()
