"""Behaviour profiles: how the service behaves where the RFC leaves a choice.

A profile is data. An organization names one of ``PROFILES`` and may override single
rules (``Organization.profile_overrides``); nothing else in the code asks which
profile is in use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

LARGEST_PAGE = 1_000
"""Resources on a page at the most, whatever an organization's rules say."""


@dataclass(frozen=True, slots=True)
class BehaviourProfile:
    """The rules of one organization. Lengths are in characters, pages in resources."""

    registered_domain_only: bool
    """userName must be ``user@registered-domain`` (Zscaler: "Understanding SCIM")."""

    group_patch_answer: Literal["no-content", "resource"]
    """PATCH of a group: 204, or 200 with the group up to ``body_member_limit``."""

    unknown_members: Literal["refuse", "ignore"]
    """A member id that names no user here: 400 and nothing applied, or left out."""

    default_page: int
    user_name_length: int
    display_name_length: int
    group_name_length: int
    department_length: int
    password_in_schema: bool
    body_member_limit: int = 1_000
    max_page: int = LARGEST_PAGE

    requests_per_second: int = 0
    """Calls served within one second, 0 for any number; the others get 429."""

    groups_per_user: int = 0
    """Groups a user may be in, 0 for any number."""

    put_trusts_body_id: bool = False
    """PUT changes the resource that the body's id names, whatever the URL names."""


PROFILES: dict[str, BehaviourProfile] = {
    # Lengths: Zscaler's "Adding Users" and "Ranges & Limitations".
    "zscaler": BehaviourProfile(
        registered_domain_only=True,
        group_patch_answer="no-content",
        unknown_members="refuse",
        default_page=1_000,
        user_name_length=127,
        display_name_length=127,
        group_name_length=128,
        department_length=128,
        password_in_schema=False,
    ),
    "rfc": BehaviourProfile(
        registered_domain_only=False,
        group_patch_answer="resource",
        unknown_members="ignore",
        default_page=100,
        user_name_length=254,
        display_name_length=254,
        group_name_length=254,
        department_length=254,
        password_in_schema=True,
    ),
}


def behaviour(name: str, overrides: dict[str, Any]) -> BehaviourProfile:
    """Return the profile *name* with single rules replaced."""
    profile = PROFILES[name]
    return replace(profile, **overrides) if overrides else profile


def overrides_of(name: str, rules: Mapping[str, Any]) -> dict[str, Any]:
    """Return those *rules* that differ from the profile *name*; only they are stored.

    Raises KeyError for a profile or a rule that does not exist.
    """
    known = asdict(PROFILES[name])
    return {rule: value for rule, value in rules.items() if known[rule] != value}
