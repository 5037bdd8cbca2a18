"""What really is written to the log when clients put control characters into it."""

from __future__ import annotations

import copy
import io
import logging
import re
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from django.conf import settings as django_settings
from django.core.exceptions import SuspiciousOperation, ValidationError
from django.http import HttpRequest
from django.test import Client
from django.utils.log import configure_logging
from gunicorn.config import Config

from scim.models import Organization
from tests.live import LiveService, live_service
from tests.portal import settings_form
from zportal.models import Administrator, SignInCount
from zportal.organizations.setup import add_administrator

FORGED = "CRITICAL zportal: the database is gone"

CONTROL = {
    "line feed": "\n",
    "carriage return": "\r",
    "escape": "\x1b[2J",
    "backspace": "\b",
    "NEL": "\x85",
    "CSI": "\x9b31m",
    "delete": "\x7f",
    "line separator": "\u2028",
    "paragraph separator": "\u2029",
}

HOSTILE = CONTROL | {
    "right-to-left override": "\u202e",
    "isolate": "\u2066",
    "zero width space": "\u200b",
    "half a surrogate pair": "\ud800",
}


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """The log as LOGGING configures it, with Django's own defaults below."""
    written = io.StringIO()
    configuration: dict[str, Any] = copy.deepcopy(django_settings.LOGGING)
    configuration["handlers"]["console"]["stream"] = written
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configure_logging(django_settings.LOGGING_CONFIG, configuration)
    yield written
    configure_logging(django_settings.LOGGING_CONFIG, django_settings.LOGGING)
    root.handlers[:] = handlers
    root.setLevel(level)


@contextmanager
def failing(
    monkeypatch: pytest.MonkeyPatch, error: Exception, cause: Exception | None = None
) -> Iterator[Client]:
    """A browser for which the page Profile raises *error*."""

    def fail(request: HttpRequest) -> None:
        raise error from cause

    with monkeypatch.context() as patched:
        patched.setattr("zportal.profile.views._page", fail)
        yield Client(raise_request_exception=False)


def fail(error: Exception) -> None:
    raise error


def lines(log: io.StringIO) -> list[str]:
    # Terminals and log collectors know more line breaks than one.
    return log.getvalue().splitlines()


# ------------------------------------------------------------------------- records
@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize(
    "name", ["scim", "zportal.views", "django", "django.server", "some.library"]
)
def test_a_record_is_one_line_of_printable_characters(
    log: io.StringIO, name: str, hostile: str
) -> None:
    logging.getLogger(name).error("%s saved it", f"admin{hostile}{FORGED}")
    (line,) = lines(log)
    assert line.isprintable()
    assert line.startswith(f"ERROR {name}: admin\\")
    assert line.endswith(f"{FORGED} saved it")


def test_text_of_every_language_is_written_as_it_is(log: io.StringIO) -> None:
    logging.getLogger("zportal").warning("%s", "Zoë Öztürk 山田 שלום \\n é")
    assert log.getvalue() == "WARNING zportal: Zoë Öztürk 山田 שלום \\n é\n"


def test_a_traceback_keeps_its_lines_and_forges_none(
    log: io.StringIO, monkeypatch: pytest.MonkeyPatch, signed_in: Client
) -> None:
    text = f'x\n{FORGED}\n  File "/forged.py", line 1, in forged\n\x1b[2J'
    error = ValueError(text)
    error.add_note(f"first\n{FORGED}")
    with failing(monkeypatch, error, cause=KeyError(text)):
        signed_in.raise_request_exception = False
        assert signed_in.get("/profile/").status_code == 500

    written = lines(log)
    assert written[0] == "ERROR django.request: Internal Server Error: /profile/"
    assert all(line.startswith("  ") for line in written[1:])
    assert all(line.isprintable() for line in written)
    assert "  Traceback (most recent call last):" in written
    assert any(re.match(r'    File ".*", line \d+, in fail$', line) for line in written)
    assert not any(line.lstrip().startswith('File "/forged.py"') for line in written)
    assert any(line.startswith("  ValueError: x\\nCRITICAL") for line in written)


def test_a_group_of_exceptions_keeps_its_lines_and_forges_none(
    log: io.StringIO,
) -> None:
    try:
        fail(ExceptionGroup("both\n" + FORGED, [ValueError("a\n" + FORGED)]))
    except ExceptionGroup:
        logging.getLogger("zportal").exception("It failed")
    written = lines(log)
    assert sum(FORGED in line for line in written) == 2
    assert all(line.startswith("  ") for line in written[1:])


def test_what_another_formatter_made_of_a_traceback_is_not_taken_over(
    log: io.StringIO,
) -> None:
    record = logging.LogRecord("zportal", logging.ERROR, "", 0, "Failed", None, None)
    try:
        fail(ValueError("x\n" + FORGED))
    except ValueError:
        record.exc_info = sys.exc_info()
    assert f"\n{FORGED}" in logging.Formatter().format(record)
    logging.getLogger("zportal").handle(record)
    assert not any(line.startswith(FORGED) for line in lines(log))


# ------------------------------------------------------------------ refused requests
def test_what_is_typed_at_sign_in_is_not_in_the_log(
    log: io.StringIO, super_admin: Administrator
) -> None:
    """Passwords are typed there by mistake."""
    for _ in range(7):
        Client().post(
            "/sign-in/", {"username": "ochre-Lantern-47", "password": "also-secret"}
        )
    assert log.getvalue() == ""


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/", "/sign-in/", "/x\n/"])
def test_a_wrong_host_is_one_line(log: io.StringIO, path: str) -> None:
    answer = Client(headers={"host": f"evil.example\n{FORGED}"}).get(path)
    assert answer.status_code == 400
    (line,) = lines(log)
    assert line.startswith("ERROR django.security.DisallowedHost: ")


def test_too_many_fields_are_one_line(log: io.StringIO, signed_in: Client) -> None:
    fields = {f"field{number}": "x" for number in range(1_001)}
    for path in ("/sign-in/", "/profile/password/"):
        assert signed_in.post(path, fields).status_code == 400
    assert len(lines(log)) == 2
    assert all(
        line.startswith("ERROR django.security.TooManyFieldsSent: ")
        for line in lines(log)
    )


def test_a_suspicious_operation_is_one_line(
    log: io.StringIO, monkeypatch: pytest.MonkeyPatch, signed_in: Client
) -> None:
    with failing(monkeypatch, SuspiciousOperation(f"tried\n{FORGED}")):
        assert signed_in.get("/profile/").status_code == 400
    assert lines(log) == [
        f"ERROR django.security.SuspiciousOperation: tried\\n{FORGED}"
    ]


@pytest.mark.django_db
def test_an_unknown_organization_is_one_line(log: io.StringIO) -> None:
    headers = {"Authorization": f"Bearer x\x1b{FORGED}"}
    assert Client(headers=headers).get("/12345678/scim/Users").status_code == 401
    (line,) = lines(log)
    assert line.endswith("SCIM call to an unknown organization: 12345678")


# --------------------------------------------------------------------------- forms
@pytest.mark.parametrize("hostile", [*CONTROL.values(), "\0"], ids=[*CONTROL, "null"])
def test_a_login_with_control_characters_is_refused_with_a_sentence(
    super_admin: Administrator, hostile: str
) -> None:
    sent = {"username": f"ad{hostile}min", "password": "whatever"}
    answer = Client().post("/sign-in/", sent)
    assert answer.status_code == 200
    assert "characters that cannot be seen" in answer.content.decode()
    assert "is wrong" not in answer.content.decode()
    assert not SignInCount.objects.exists()


@pytest.mark.parametrize("hostile", CONTROL.values(), ids=CONTROL)
def test_other_names_with_control_characters_are_refused_as_well(
    signed_in: Client, hostile: str
) -> None:
    sentence = "characters that cannot be seen"
    found = Client().post("/sign-on/", {"user_name": f"ad{hostile}ele@contoso.example"})
    assert sentence in found.content.decode()
    for field in (
        "issuer",
        "login_name_attribute",
        "display_name_attribute",
        "group_name_attribute",
        "department_name_attribute",
    ):
        sent = settings_form.form(auto_provisioning="on", **{field: f"a{hostile}b"})
        page = signed_in.post(settings_form.PAGE, sent)
        assert page.status_code == 200, field
        assert sentence in page.content.decode(), field


@pytest.mark.parametrize("hostile", CONTROL.values(), ids=CONTROL)
@pytest.mark.django_db
def test_no_command_makes_a_login_with_control_characters(
    contoso: Organization, hostile: str
) -> None:
    with pytest.raises(ValidationError, match="cannot be seen"):
        Administrator.objects.create_superuser(f"a{hostile}b", "x", home=contoso)
    with pytest.raises(ValidationError, match="cannot be seen"):
        Administrator.objects.create_user("ab", "x", home=contoso, name=f"a{hostile}b")
    with pytest.raises(ValidationError, match="cannot be seen"):
        add_administrator(organization=contoso, login=f"a{hostile}b")


# ---------------------------------------------------------------------- the server
@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_the_logs_of_gunicorn_are_lines_of_printable_characters(
    tmp_path: Path, hostile: str
) -> None:
    from zportal.serving import gunicorn as served_with

    configuration = Config()
    for name in ("errorlog", "accesslog"):
        configuration.set(name, str(tmp_path / name))
    configuration.set("logger_class", served_with.logger_class)
    logger = configuration.logger_class(configuration)
    try:
        logger.error("Error handling request %s", f"/{hostile}{FORGED}")
        logger.access_log.info("%s", f"GET /{hostile}{FORGED}")
    finally:
        for log in (logger.error_log, logger.access_log):
            for handler in log.handlers[:]:
                log.removeHandler(handler)
                handler.close()
    for name in ("errorlog", "accesslog"):
        (line,) = (tmp_path / name).read_text().splitlines()
        assert line.isprintable()
        assert line.endswith(FORGED)


@pytest.fixture(scope="module")
def service(
    tmp_path_factory: pytest.TempPathFactory, django_db_setup: None
) -> Iterator[LiveService]:
    # One process: a second one would write that it starts while a test reads.
    with live_service(tmp_path_factory.mktemp("log"), workers=1) as service:
        yield service


def send(service: LiveService, request: bytes) -> bytes:
    port = int(service.address.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(request)
        return connection.recv(65536)


def written_by(service: LiveService, log: Path, send_all: Any) -> list[str]:
    """The lines that the server writes while *send_all* runs."""
    before = len(log.read_bytes())
    send_all()
    return log.read_bytes()[before:].decode().splitlines()


def test_the_server_writes_one_line_for_what_it_cannot_read(
    service: LiveService,
) -> None:
    def send_all() -> None:
        head = b"Host: 127.0.0.1\r\nConnection: close\r\n\r\n"
        assert b" 400 " in send(service, b"GET / HTTP/1.1\x85\x1b[2J\r\n" + head)
        assert b" 400 " in send(service, b"GET /\x9b31m\x85" + b" HTTP/9.9\r\n" + head)
        assert b" 400 " in send(
            service, b"GET / HTTP/1.1\r\nHo\x85st\x1b: 127.0.0.1\r\n\r\n"
        )

    written = written_by(service, service.log, send_all)
    assert len(written) == 3
    assert all(line.isprintable() for line in written)
    assert all("[WARNING] Invalid request from ip=" in line for line in written)


def test_the_server_writes_nothing_that_is_typed_at_sign_in(
    service: LiveService,
) -> None:
    answers: list[int] = []

    def send_all() -> None:
        with httpx2.Client(base_url=service.address, timeout=60) as browser:
            browser.get("/sign-in/")
            for login in ["typed-Secret-1\n" + FORGED, *["typed-Secret-1"] * 6]:
                data = {
                    "username": login,
                    "password": "typed-Secret-2",
                    "csrfmiddlewaretoken": browser.cookies["csrftoken"],
                }
                answers.append(browser.post("/sign-in/", data=data).status_code)
        assert answers == [200] * 5 + [429] * 2

    assert written_by(service, service.log, send_all) == []


def test_the_server_writes_one_line_for_a_wrong_host(service: LiveService) -> None:
    def send_all() -> None:
        send(service, b"GET / HTTP/1.1\r\nHost: evil\x85x\r\nConnection: close\r\n\r\n")

    (line,) = written_by(service, service.log, send_all)
    assert line.isprintable()
    assert line.startswith("ERROR django.security.DisallowedHost: ")
