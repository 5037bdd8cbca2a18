"""A request whose caller is known."""

from __future__ import annotations

from django.http import HttpRequest

from scim.models import BearerToken, Organization, ProvisioningEvent


class ScimRequest(HttpRequest):
    """What every endpoint may ask of its request.

    Django makes the object. BearerAuthentication sets *organization* and *token*, the
    endpoint sets *event*, and whoever reads the body keeps it in *sent_body*.
    """

    organization: Organization
    token: BearerToken | None
    """None for a call of discovery, which needs no token."""

    event: ProvisioningEvent
    """What the event log will say of the call."""

    sent_body: bytes
    client_ip: str | None
    changes_limit: int
    """Bytes that the list of changes of the event may take."""
