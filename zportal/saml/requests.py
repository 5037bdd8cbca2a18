"""Requests to the identity provider (AuthnRequest, saml-core 3.4, by HTTP redirect).

Nothing is stored of a request: its ID says, signed with SECRET_KEY, what the answer has
to be held against. Whoever likes may start a thousand of them.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from xml.sax.saxutils import escape

from django.core.signing import BadSignature, Signer
from onelogin.saml2.auth import OneLogin_Saml2_Auth
from onelogin.saml2.authn_request import OneLogin_Saml2_Authn_Request
from onelogin.saml2.settings import OneLogin_Saml2_Settings

from scim.models import Organization

LIFETIME = timedelta(minutes=30)
"""How long a person may take at the identity provider."""

LONGEST_ID = 200


@dataclass(frozen=True)
class PendingRequest:
    """What the ID of a request of ours says."""

    id: str
    org_id: int
    browser: str
    """Beginning of the digest of the cookie of the browser that it was sent from."""
    tester: int
    """Key of the administrator whose Test sign-on it is; 0 for a person's sign-on."""
    sent: datetime

    @property
    def is_test(self) -> bool:
        return self.tester != 0

    @property
    def is_late(self) -> bool:
        return datetime.now(UTC) > self.sent + LIFETIME

    @property
    def relay_state(self) -> str:
        """What has to come back beside the answer."""
        return relay_state_of(self.id)


def new_request_id(organization: Organization, *, browser: str, tester: int = 0) -> str:
    """Return an ID, an XML NCName, that read_request_id understands."""
    sent = int(datetime.now(UTC).timestamp())
    digest, nonce = browser_digest(browser)[:16], secrets.token_hex(8)
    return _signer().sign(f"_{organization.pk}.{tester}.{digest}.{sent}.{nonce}")


def read_request_id(text: str) -> PendingRequest | None:
    """Return what the ID of one of our requests says; None for any other text."""
    if len(text) > LONGEST_ID:
        return None
    try:
        value = _signer().unsign(text)
    except BadSignature:
        return None
    org_id, tester, browser, sent, _ = value.removeprefix("_").split(".")
    moment = datetime.fromtimestamp(int(sent), UTC)
    return PendingRequest(text, int(org_id), browser, int(tester), moment)


def relay_state_of(request_id: str) -> str:
    """Return the RelayState of a request: short (80 bytes are the most), and its own."""
    return sha256(request_id.encode()).hexdigest()[:32]


def browser_digest(cookie: str) -> str:
    """Return what is told of a browser's cookie; empty when there is none."""
    return sha256(cookie.encode()).hexdigest() if cookie else ""


def redirect_url(settings: OneLogin_Saml2_Settings, request_id: str) -> str:
    """Return the address at the identity provider that carries the request."""

    class Request(OneLogin_Saml2_Authn_Request):  # type: ignore[misc]
        def __init__(self, *args: object, **kwargs: object) -> None:
            super().__init__(*args, **kwargs)
            # The library writes the address into its XML as it is.
            raw = settings.get_idp_sso_url()
            quoted = escape(raw, {'"': "&quot;"})
            xml: str = self._authn_request
            self._authn_request: str = xml.replace(
                f'Destination="{raw}"', f'Destination="{quoted}"'
            )

        def _generate_request_id(self) -> str:
            return request_id

    # The library wants to know where it runs only to invent a RelayState.
    auth = OneLogin_Saml2_Auth({"http_host": "", "script_name": ""}, settings)
    auth.authn_request_class = Request
    url: str = auth.login(return_to=relay_state_of(request_id))
    return url


def _signer() -> Signer:
    return Signer(sep=".", salt="zportal.saml.requests")
