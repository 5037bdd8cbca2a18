"""A response on its way: whose it is, before it is judged."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from scim.models import Organization
from zportal.saml.codes import Refused
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
    def path(self) -> str:
        """The path of the address, as the event names it."""
        return urlsplit(self.received_at).path


def arrival_of(
    *,
    encoded: str,
    relay_state: str,
    received_at: str,
    org_id: int | None,
    client_ip: str | None,
) -> Arrival:
    """Find out whose response was posted. Raises Refused when it is nobody's.

    *org_id* is that of the address; where it names none, the request that the response
    answers does.
    """
    posted = read_posted(encoded)
    request = read_request_id(posted.in_response_to)
    if org_id is None:
        if request is None:
            raise Refused("0xE5501", "The response answers no request of this service.")
        org_id = request.org_id
    elif request is not None and request.org_id != org_id:
        raise Refused("0xB000", "The response answers another organization's request.")
    organization = Organization.objects.filter(pk=org_id).first()
    if organization is None:
        raise Refused("0xA00F", f"There is no organization {org_id}.")
    return Arrival(posted, received_at, relay_state, client_ip, organization, request)
