"""The behaviour profile in words: a label, a sentence and a source for each rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LONGEST = 254
"""What the columns of the directory hold."""

MOST = 1_000
"""The largest page, and the most members in an answer, that are served quickly."""

OURS = "Not documented by Zscaler; our choice."


@dataclass(frozen=True)
class Rule:
    """One rule of scim.profiles.BehaviourProfile, as the tab Advanced words it.

    It is a switch, a choice when it has *choices*, or a number when it has a *most*.
    """

    name: str
    label: str
    sentence: str
    fact: str
    source: str
    choices: Mapping[str, str] | None = None
    least: int = 1
    most: int | None = None
    zero: str = "0"
    """What 0 means, where *least* allows it."""

    def text(self, value: Any) -> str:
        """Return *value* as the page words it."""
        if self.choices is not None:
            return self.choices[value]
        if self.most is not None:
            return f"{value:,}" if value else self.zero
        return "on" if value else "off"


def _length(name: str, label: str, fact: str, source: str) -> Rule:
    return Rule(
        name=name,
        label=f"{label}, at most",
        sentence="In characters. Anything longer is refused with 400 invalidValue.",
        fact=fact,
        source=source,
        most=LONGEST,
    )


RULES = (
    Rule(
        name="registered_domain_only",
        label="Registered domains only",
        sentence="userName has to be user@domain, and the domain registered; anything "
        "else is refused with 400 invalidValue.",
        fact="Zscaler provisions people of registered domains only. The status 400 is "
        "our choice.",
        source="Zscaler, “Understanding SCIM” and “About Event Logs”",
    ),
    Rule(
        name="group_patch_answer",
        label="Answer to PATCH of a group",
        sentence="Microsoft Entra ID is content with both.",
        fact="Zscaler answers 204 without a body.",
        source="Zscaler, “SCIM API Examples”; RFC 7644, section 3.5.2",
        choices={"no-content": "204, no body", "resource": "200 with the group"},
    ),
    Rule(
        name="body_member_limit",
        label="Members in that answer, at most",
        sentence="A larger group is answered with 204, even when 200 is chosen.",
        fact=OURS,
        source="RFC 7644, section 3.5.2, allows either answer",
        least=0,
        most=MOST,
    ),
    Rule(
        name="unknown_members",
        label="Members who do not exist",
        sentence="An id that names nobody here: refuse the whole call with 400 "
        "invalidValue, or leave that member out and note it in the event.",
        fact=OURS,
        source="RFC 7644, section 3.5.2, does not say",
        choices={"refuse": "Refuse the call", "ignore": "Leave them out"},
    ),
    Rule(
        name="default_page",
        label="Resources on a page, by default",
        sentence="When a list is asked for without count.",
        fact="Zscaler lists up to 1,000.",
        source="Zscaler, “Understanding SCIM”; RFC 7644, section 3.4.2.4",
        most=MOST,
    ),
    Rule(
        name="max_page",
        label="Resources on a page, at most",
        sentence="Whatever count asks for. ServiceProviderConfig says it as maxResults.",
        fact="Zscaler lists up to 1,000.",
        source="Zscaler, “Understanding SCIM”; RFC 7644, section 3.4.2.4",
        most=MOST,
    ),
    _length(
        "user_name_length",
        "User ID (userName)",
        "Zscaler: 127 characters.",
        "Zscaler, “Adding Users”",
    ),
    _length(
        "display_name_length",
        "User Name (displayName)",
        "Zscaler: 127 characters.",
        "Zscaler, “Adding Users”",
    ),
    _length(
        "group_name_length",
        "Group name (displayName)",
        "Zscaler: 128 characters on one page, 127 bytes on another.",
        "Zscaler, “Ranges & Limitations”",
    ),
    _length(
        "department_length",
        "Department",
        "Zscaler: 128 characters.",
        "Zscaler, “Ranges & Limitations”",
    ),
    Rule(
        name="requests_per_second",
        label="Requests a second, at most",
        sentence="Of the organization, with a valid token. The others are answered with "
        "429 and Retry-After. 0 is no limit.",
        fact="Zscaler: 5 requests a second; its answer to more is not documented.",
        source="Zscaler, “SCIM API Examples”; RFC 6585, section 4",
        least=0,
        most=MOST,
        zero="no limit",
    ),
    Rule(
        name="groups_per_user",
        label="Groups of a user, at most",
        sentence="A call that would put somebody into one more is refused with 400 "
        "invalidValue. 0 is no limit.",
        fact="Zscaler: 128 on one page, 127 on another. What SCIM gets for one more is "
        "not documented.",
        source="Zscaler, “Understanding SCIM” and “Adding Users”",
        least=0,
        most=MOST,
        zero="no limit",
    ),
    Rule(
        name="put_trusts_body_id",
        label="PUT goes by the id in the body",
        sentence="The resource that the body’s id names is changed, and a foreign id is "
        "answered with 404, whatever the address names.",
        fact="Seen on a Zscaler server in 2024: clients that send an id of their own "
        "get 404. Off, the address counts and the body’s id is ignored.",
        source="GitHub, Captain-P-Goldfish/scim-for-keycloak, issue 114; RFC 7644, "
        "section 3.5.1",
    ),
    Rule(
        name="password_in_schema",
        label="password in /Schemas",
        sentence="Whether the attribute password is listed. It is accepted and never "
        "stored, listed or not.",
        fact="Not listed here: nobody signs on with a password that SCIM sent.",
        source="RFC 7643, section 4.1.1",
    ),
)
"""In the order of the page. Tests hold it to the fields of BehaviourProfile."""
