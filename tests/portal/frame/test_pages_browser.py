"""Every page and dialog: accessible, inside its window at each width, true to the policy.

The content is hostile on purpose (tests.portal.stage): words that do not break, writing
from right to left, more rows than a page holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core.management import call_command
from django.test import override_settings
from django.urls import Resolver404, resolve
from pytest_django.live_server_helper import LiveServer

from tests.portal import stage, walk
from tests.portal.frame import test_every_url
from tests.situations import signed_in_as
from zportal.models import Administrator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Page
    from pytest_django import DjangoDbBlocker

pytestmark = pytest.mark.e2e

WIDTHS = (1920, 1280, 768, 390)
HEIGHT = 900

RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
AXE = {
    "runOnly": {"type": "tag", "values": list(RULES)},
    "resultTypes": ["violations"],
    # Every stylesheet is the page's own.
    "preload": False,
}


@pytest.fixture(scope="module")
def db(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The database for the whole module; pytest-django's is emptied after each test."""
    with django_db_blocker.unblock():
        yield
        call_command("flush", verbosity=0, interactive=False)


@pytest.fixture(scope="module")
def cast(db: None) -> stage.Cast:
    return stage.set_up()


@pytest.fixture(scope="module")
def site(cast: stage.Cast) -> Iterator[str]:
    """A live server for all tests here: pytest-django's own empties the database."""
    server = LiveServer("localhost")
    with override_settings(PUBLIC_URL=server.url):
        yield server.url
    server.stop()


def open_context(browser: Browser, **options: Any) -> BrowserContext:
    return browser.new_context(
        viewport={"width": WIDTHS[1], "height": HEIGHT},
        reduced_motion="reduce",
        **options,
    )


@pytest.fixture(scope="module")
def strict(browser: Browser) -> Iterator[BrowserContext]:
    """A browser in which the Content-Security-Policy holds, and is heard."""
    context = open_context(browser)
    context.add_init_script(
        "document.addEventListener('securitypolicyviolation',"
        " event => console.error('CSP', event.violatedDirective, event.blockedURI))"
    )
    yield context
    context.close()


@pytest.fixture(scope="module", params=["light", "dark"])
def lenient(
    browser: Browser, request: pytest.FixtureRequest
) -> Iterator[BrowserContext]:
    """A browser of each theme, into which axe-core may be put."""
    context = open_context(browser, bypass_csp=True, color_scheme=request.param)
    yield context
    context.close()


every_stop = pytest.mark.parametrize("stop", walk.STOPS, ids=lambda stop: stop.name)


# ------------------------------------------------------------------ nothing is left out
def test_the_walk_passes_every_page(cast: stage.Cast) -> None:
    passed = set()
    for stop in walk.STOPS:
        try:
            passed.add(f"admin:{resolve(stop.path(cast).partition('?')[0]).url_name}")
        except Resolver404:
            raise AssertionError(f"{stop.name} leads nowhere") from None
    root = signed_in_as(Administrator.objects.get(login="root"))
    for name in test_every_url.NAMES:
        answer = root.get(test_every_url.address(name, cast.keys))
        is_html = answer.headers["Content-Type"].startswith("text/html")
        is_page = answer.status_code == 200 and is_html
        assert not is_page or name in passed, f"{name}: add a Stop to tests.portal.walk"


# ---------------------------------------------------------------------------- axe-core
def violations(page: Page) -> list[str]:
    found = Axe().run(page, options=AXE).response["violations"]
    return [
        f"{each['id']}: {node['target']} {node['failureSummary']}"
        for each in found
        for node in each["nodes"]
    ]


@every_stop
def test_axe_finds_nothing(
    lenient: BrowserContext, site: str, cast: stage.Cast, stop: walk.Stop
) -> None:
    page = walk.arrive(lenient, site, cast, stop)
    try:
        assert violations(page) == []
    finally:
        page.close()


# ------------------------------------------------------------------ widths and policy
def overflow(page: Page) -> list[str]:
    """What sticks out of the window to the right, where the document can be scrolled."""
    found: list[str] = page.evaluate(
        """() => {
          const root = document.documentElement;
          if (root.scrollWidth <= innerWidth) return [];
          return [`${root.scrollWidth} > ${innerWidth}`].concat(
            [...document.querySelectorAll("body *")]
              .filter((each) => each.getBoundingClientRect().right > innerWidth + 1)
              .map((each) => `${each.tagName}.${each.className}`).slice(0, 5));
        }"""
    )
    return found


def mixed_with_its_neighbours(page: Page) -> list[str]:
    """Where writing from right to left would change the order of other words."""
    found: list[str] = page.evaluate(
        """() => {
          const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          const found = [];
          while (walker.nextNode()) {
            const text = walker.currentNode;
            if (!/[\\u0590-\\u06ff]/.test(text.data)) continue;
            if (text.parentElement.closest("option, textarea, pre, script")) continue;
            let around = text.parentElement;
            while (getComputedStyle(around).unicodeBidi === "normal") around = around.parentElement;
            if (around.textContent.trim() !== text.data.trim()) found.push(around.outerHTML);
          }
          return found;
        }"""
    )
    return found


@every_stop
def test_it_fits_every_width_and_the_console_stays_empty(
    strict: BrowserContext, site: str, cast: stage.Cast, stop: walk.Stop
) -> None:
    said: list[str] = []
    strict.on("console", lambda message: said.append(message.text))
    strict.on("weberror", lambda error: said.append(str(error.error)))
    page = walk.arrive(strict, site, cast, stop)
    try:
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": HEIGHT})
            assert (width, overflow(page)) == (width, [])
        assert mixed_with_its_neighbours(page) == []
    finally:
        page.close()
    # The browser itself notes each document that is an error.
    own = [text for text in said if "the server responded with a status" not in text]
    assert own == []
    assert len(said) == len(own) or stop.name.startswith(("error-", "sign-in-locked"))


def test_the_arrow_of_a_change_stands_behind_the_old_value(
    strict: BrowserContext, site: str, cast: stage.Cast
) -> None:
    """The old value of the stage opens an isolate that nothing in it closes."""
    stop = next(each for each in walk.STOPS if each.name == "user")
    page = walk.arrive(strict, site, cast, stop)
    try:
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": HEIGHT})
            is_behind, line = page.evaluate(
                """() => {
                  const old = document.querySelector(".change del bdi");
                  const end = [...old.getClientRects()].at(-1);
                  const range = document.createRange();
                  range.selectNodeContents(old.parentElement.nextSibling);
                  const text = [...range.getClientRects()].find((box) => box.width > 2);
                  const line = getComputedStyle(old).textDecorationLine;
                  // Behind it on its line, or on the next line, as the font has it.
                  const behind = text.left >= end.right - 0.5;
                  return [behind || text.top >= end.bottom - 4, line];
                }"""
            )
            assert is_behind, width
            assert line == "line-through"
    finally:
        page.close()
