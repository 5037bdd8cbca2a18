"""Who asks, and which organization they may see."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from scim.models import Organization
from zportal.models import Administrator


def administrator_of(request: HttpRequest) -> Administrator:
    """Return who is signed in; nobody else gets as far as these pages."""
    if not isinstance(request.user, Administrator):
        raise PermissionDenied
    return request.user


def organization_of(request: HttpRequest) -> Organization:
    """Return the one organization whose rows this request may see."""
    return administrator_of(request).organization
