"""The worst requests to the portal that its limits admit. See ``bench.limits``.

Those of strangers come first: the sign-in page and the common page of sign-on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import urlencode

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from bench.scim_limits import Row, Service
from scim.services import organizations
from zportal.certificates import UPLOAD_LIMIT
from zportal.models import Administrator
from zportal.saml.idp_metadata import LARGEST
from zportal.sign_in.forms import LOGIN_LENGTH

FORM = "application/x-www-form-urlencoded"
PASSWORD = "correct-horse-battery-staple"  # noqa: S105 - of nobody
SAML_TAB = "/administration/authentication-settings/saml-sign-on/"
SETTINGS = "/administration/authentication-settings/"


def rows(_: Service) -> Iterator[Row]:
    """Yield the rows; they have an organization and an administrator of their own."""
    made = organizations.create_organization(name="Portal", domains=[])
    admin = Administrator.objects.create_user("bench", PASSWORD, home=made)
    yield from _strangers(Client(SERVER_NAME="127.0.0.1"))
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(admin)
    yield from _administrators(client)


def _strangers(client: Client) -> Iterator[Row]:
    def post(path: str, body: str) -> Callable[[], int]:
        return lambda: client.post(path, body, content_type=FORM).status_code

    limit = settings.PORTAL_UPLOAD_LIMIT
    longest = {"username": "x" * LOGIN_LENGTH, "password": "x" * 1024}
    yield Row(
        "password of 1,024 characters",
        "wrong, of a login of 128 characters",
        post("/sign-in/", urlencode(longest)),
    )
    size = f"form of {limit // 1024**2} MiB"
    yield Row(size, "one field", post("/sign-in/", f"username={'x' * (limit - 20)}"))
    yield Row(
        "", "a field of escapes", post("/sign-in/", "password=" + "%41" * 349_000)
    )
    names = "&".join(f"a{n}={'x' * 1_000}" for n in range(990))
    yield Row(
        f"{settings.DATA_UPLOAD_MAX_NUMBER_FIELDS:,} fields",
        "1,000 characters each",
        post("/sign-on/", names),
    )
    yield Row("", "350,000 of them, refused", post("/sign-on/", "a=&" * 349_000))
    parts = "".join(
        f'--b\r\nContent-Disposition: form-data; name="a{n}"\r\n\r\n\r\n'
        for n in range(990)
    )
    body = f"{parts}--b--\r\n".encode()
    yield Row(
        "",
        "as parts of a multipart form",
        lambda: (
            client.generic(
                "POST", "/sign-in/", body, "multipart/form-data; boundary=b"
            ).status_code
        ),
    )


def _administrators(client: Client) -> Iterator[Row]:
    def upload(path: str, field: str, content: bytes) -> Callable[[], int]:
        data = {field: SimpleUploadedFile("file", content)}
        return lambda: client.post(path, data).status_code

    # A form has 1 MiB with what is around the file.
    elements = "<b/>" * ((LARGEST - 4096) // 4)
    yield Row(
        "metadata of 1 MiB",
        "of elements",
        upload(f"{SAML_TAB}import/", "file", f"<a>{elements}</a>".encode()),
    )
    begin = "-----BEGIN CERTIFICATE-----\n"
    yield Row(
        "certificate of 64 KiB",
        "of letters",
        upload(SETTINGS, "certificate", begin.encode().ljust(UPLOAD_LIMIT, b"A")),
    )
    words = urlencode({"q": "a " * 3_000})
    yield Row(
        "line of a request of 8,190 bytes",
        "a search of 3,000 words",
        lambda: client.get(f"/search/?{words}").status_code,
    )
