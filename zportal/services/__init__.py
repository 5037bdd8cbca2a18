"""The verbs of the portal. Atomic, keyword-only, typed; one module per subject."""

from __future__ import annotations

from zportal.services.activation import activate, discard_staged
from zportal.services.authentication_settings import (
    SWITCH,
    check_provisioning,
    discard_changes,
    issue_token,
    save_authentication_settings,
)
from zportal.services.domains import register_domain
from zportal.services.reauthentication import force_reauthentication

__all__ = [
    "SWITCH",
    "activate",
    "check_provisioning",
    "discard_changes",
    "discard_staged",
    "force_reauthentication",
    "issue_token",
    "register_domain",
    "save_authentication_settings",
]
