"""Many tries at the same moment, at a server with several processes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from tests.live import installed, run, served
from tests.scim.racing import at_once

GUESSES = 20


@dataclass(frozen=True)
class Portal:
    """A running portal, and the file in which it notes each password it looks at."""

    address: str
    notes: Path
    environment: dict[str, str]
    opened: ExitStack

    def new_administrator(self, name: str) -> tuple[str, str]:
        """Return login and password."""
        made = run(
            self.environment,
            "create_organization",
            name,
            f"--domain={name}.example",
            f"--admin={name}",
            "--json",
        )
        document = json.loads(made.splitlines()[-1])
        return document["admin_login"], document["admin_password"]

    def browser(self, cookies: httpx2.Cookies | None = None) -> httpx2.Client:
        """A browser with the sign-in page open, or with another one's cookies."""
        browser = self.opened.enter_context(
            httpx2.Client(base_url=self.address, timeout=60, cookies=cookies)
        )
        if cookies is None:
            browser.get("/sign-in/")
        return browser

    def looked_at(self) -> int:
        return len(self.notes.read_text()) if self.notes.exists() else 0


@pytest.fixture(scope="module")
def portal(
    tmp_path_factory: pytest.TempPathFactory, django_db_setup: None
) -> Iterator[Portal]:
    directory = tmp_path_factory.mktemp("portal")
    notes = directory / "notes"
    log = directory / "gunicorn.log"
    with installed(directory) as here:
        environment = {
            **here.environment,
            "DJANGO_SETTINGS_MODULE": "tests.noted_passwords",
            "NOTED_PASSWORDS": str(notes),
        }
        with served(environment, log, here.address), ExitStack() as opened:
            yield Portal(here.address, notes, here.environment, opened)


def post(browser: httpx2.Client, path: str, **data: str) -> httpx2.Response:
    data["csrfmiddlewaretoken"] = browser.cookies["csrftoken"]
    return browser.post(path, data=data)


def trying(
    browser: httpx2.Client, login: str, password: str
) -> Callable[[], httpx2.Response]:
    return lambda: post(browser, "/sign-in/", username=login, password=password)


def patiently(
    attempt: Callable[[], httpx2.Response],
) -> Callable[[], httpx2.Response]:
    """Try again, as often as the server says that it is busy, which locks nothing."""

    def trying_again() -> httpx2.Response:
        answer = attempt()
        for _ in range(20):
            if "as many passwords as it can" not in answer.text:
                break
            answer = attempt()
        return answer

    return trying_again


def guesses(browsers: list[httpx2.Client], login: str) -> list[int]:
    tries = [trying(each, login, f"guess {n}") for n, each in enumerate(browsers)]
    return [answer.status_code for answer in at_once(*tries)]


def test_of_twenty_guesses_at_once_five_are_looked_at(portal: Portal) -> None:
    login, password = portal.new_administrator("guessed")
    before = portal.looked_at()

    answers = guesses([portal.browser() for _ in range(GUESSES)], login)

    assert portal.looked_at() - before == 5
    assert Counter(answers) == {200: 4, 429: 16}
    # Nor is the right one, now.
    assert trying(portal.browser(), login, password)().status_code == 429
    assert portal.looked_at() - before == 5


def test_of_a_known_browser_five_are_looked_at_as_well(portal: Portal) -> None:
    login, password = portal.new_administrator("known")
    browsers = [portal.browser() for _ in range(GUESSES)]
    assert trying(browsers[0], login, password)().status_code == 302
    for browser in browsers[1:]:
        for name, value in browsers[0].cookies.items():
            if name.startswith("known_browser_"):
                browser.cookies.set(name, value)
    signed_out = post(browsers[0], "/log-out/")
    assert signed_out.status_code == 302
    before = portal.looked_at()

    guesses(browsers, login)

    assert portal.looked_at() - before == 5
    # The others were told nothing by it, and count for themselves.
    assert trying(portal.browser(), login, password)().status_code == 302


def test_twenty_who_share_a_login_sign_in_at_once(portal: Portal) -> None:
    login, password = portal.new_administrator("shared")
    browsers = [portal.browser() for _ in range(GUESSES)]

    answers = at_once(*[patiently(trying(each, login, password)) for each in browsers])

    assert Counter(answer.status_code for answer in answers) == {302: GUESSES}


def test_of_twenty_current_passwords_at_once_five_are_looked_at(
    portal: Portal,
) -> None:
    login, password = portal.new_administrator("stolen")
    owner = portal.browser()
    assert trying(owner, login, password)().status_code == 302
    owner.get("/profile/")
    thieves = [portal.browser(owner.cookies) for _ in range(GUESSES)]
    before = portal.looked_at()

    answers = at_once(
        *[
            lambda thief=thief: post(thief, "/profile/password/", old_password="guess")
            for thief in thieves
        ]
    )

    assert portal.looked_at() - before <= 5
    assert all(answer.status_code < 500 for answer in answers)
    assert owner.get("/profile/").headers["location"].startswith("/sign-in/")
