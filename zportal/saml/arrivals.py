"""A response on its way: whose it is, before it is judged."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from scim.models import Organization
from zportal.saml.codes import Refused
from zportal.saml.events import Occasion, record_refusal
from zportal.saml.messages import Posted, read_posted
from zportal.saml.requests import PendingRequest, read_request_id


@dataclass(frozen=True)
class Arrival:
    """A response on its way: where it came, from whom, and the organization it is for."""

    posted: Posted
    received_at: str
    relay_state: str
    client_ip: str | None
    organization: Organization
    request: PendingRequest | None

    @property
    def is_test(self) -> bool:
        return self.request is not None and self.request.is_test

    @property
    def occasion(self) -> Occasion:
        """What its event tells."""
        return Occasion(
            self.organization,
            self.client_ip,
            "POST",
            urlsplit(self.received_at).path,
            self.posted.text,
        )


def arrival_of(
    *,
    encoded: str,
    relay_state: str,
    received_at: str,
    organization: Organization | None,
    client_ip: str | None,
) -> Arrival:
    """Find out whose response was posted. Raises Refused when it is nobody's.

    *organization* is that of the address; where it names none, the request that the
    response answers does. What is refused at the address of an organization is recorded.
    """
    try:
        posted = read_posted(encoded)
        request = read_request_id(posted.in_response_to)
        whose = _organization_of(request, organization)
    except Refused as refusal:
        if organization is not None:
            path = urlsplit(received_at).path
            record_refusal(Occasion(organization, client_ip, "POST", path), refusal)
        raise
    return Arrival(posted, received_at, relay_state, client_ip, whose, request)


def _organization_of(
    request: PendingRequest | None, addressed: Organization | None
) -> Organization:
    if addressed is not None:
        if request is not None and request.org_id != addressed.pk:
            raise Refused(
                "0xB000", "The response answers another organization's request."
            )
        return addressed
    if request is None:
        raise Refused("0xE5501", "The response answers no request of this service.")
    found = Organization.objects.filter(pk=request.org_id).first()
    if found is None:
        raise Refused("0xA00F", f"There is no organization {request.org_id}.")
    return found
