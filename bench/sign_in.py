"""What sign-ins at once cost the server, and another organization's SCIM calls meanwhile.

Run ``python -m bench.sign_in``; DATABASE_URL chooses the engine. Prints a Markdown row for
each kind of sign-in. Each has a gunicorn of its own as ``make run`` starts it, and clients
that have the sign-in page open and post at the same moment.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

os.environ.setdefault("SECRET_KEY", secrets.token_hex(32))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zportal.settings")

import httpx2

from bench import processes
from tests.live import Installation, installed, run, served
from tests.scim.racing import at_once

KINDS = {
    "right passwords": "Each with a login of its own, as a class in the morning.",
    "one login": "All with the same login and its password.",
    "wrong logins": "Logins that nobody has, as a stranger sends them.",
}

HEAD = (
    "| sign-ins at once | memory before, MiB | growth, MiB | SCIM GET alone, ms "
    "| slowest meanwhile, ms | all answered in, s | answers |\n|---|---|---|---|---|---|---|"
)


class Watched:
    """What a thread beside the clients sees until it is told to stop."""

    def __init__(self) -> None:
        self.memory = 0.0
        self.slowest = 0.0
        self.stopped = threading.Event()


def administrators(here: Installation, kind: str, count: int) -> list[tuple[str, str]]:
    """Return a login and password for each client."""
    if kind == "wrong logins":
        return [(f"nobody{number}", "wrong") for number in range(count)]
    made = []
    for number in range(1 if kind == "one login" else count):
        printed = run(
            here.environment,
            "create_organization",
            f"Class {number}",
            f"--domain=class{number}.example",
            f"--admin=trainee{number}",
            "--json",
        )
        document = json.loads(printed.splitlines()[-1])
        made.append((document["admin_login"], document["admin_password"]))
    return made * (count // len(made))


def scim_get(here: Installation) -> float:
    """Return the seconds of a GET over a connection of its own."""
    begun = time.monotonic()
    answer = httpx2.get(
        f"{here.base_url}/Users?count=1",
        headers={"Authorization": f"Bearer {here.secret}"},
        timeout=60,
    )
    answer.raise_for_status()
    return time.monotonic() - begun


@contextmanager
def watching(pid: int, here: Installation) -> Iterator[Watched]:
    """Look at the memory of the server, and call its SCIM service, all the while."""
    watched = Watched()

    def memory() -> None:
        while not watched.stopped.is_set():
            watched.memory = max(watched.memory, processes.memory([pid])[1])
            time.sleep(0.01)

    def calls() -> None:
        while not watched.stopped.is_set():
            watched.slowest = max(watched.slowest, scim_get(here))
            time.sleep(0.02)

    threads = [threading.Thread(target=memory), threading.Thread(target=calls)]
    for thread in threads:
        thread.start()
    try:
        yield watched
    finally:
        watched.stopped.set()
        for thread in threads:
            thread.join()


def sign_in(browser: httpx2.Client, login: str, password: str) -> int:
    token = browser.cookies["csrftoken"]
    data = {"username": login, "password": password, "csrfmiddlewaretoken": token}
    return browser.post("/sign-in/", data=data).status_code


def measure(kind: str, clients: int) -> str:
    """Return the row of one kind of sign-in."""
    with ExitStack() as stack:
        state = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        here = stack.enter_context(installed(state))
        logins = administrators(here, kind, clients)
        log = state / "gunicorn.log"
        server = stack.enter_context(served(here.environment, log, here.address))
        browsers = [
            stack.enter_context(httpx2.Client(base_url=here.address, timeout=120))
            for _ in logins
        ]
        for browser in browsers:
            browser.get("/sign-in/")
        alone = max(scim_get(here) for _ in range(20))
        before = processes.memory([server.pid])[1]
        with watching(server.pid, here) as watched:
            begun = time.monotonic()
            answers = at_once(
                *[
                    lambda browser=browser, given=given: sign_in(browser, *given)
                    for browser, given in zip(browsers, logins, strict=True)
                ]
            )
            took = time.monotonic() - begun
        told = ", ".join(f"{n} x {s}" for s, n in sorted(Counter(answers).items()))
        return (
            f"| {clients}, {kind} | {before:.0f} | {watched.memory - before:.0f} "
            f"| {alone * 1000:.0f} | {watched.slowest * 1000:.0f} | {took:.1f} | {told} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--kind", choices=list(KINDS), action="append")
    given = parser.parse_args()
    print(HEAD, flush=True)
    for kind in given.kind or KINDS:
        print(measure(kind, given.clients), flush=True)


if __name__ == "__main__":
    main()
