"""What a Test sign-on shows: every verdict, the message, what it would do."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from scim.services.saml_provisioning import plan
from zportal.saml.checks import Verdict
from zportal.saml.codes import Refused
from zportal.saml.judgement import Judgement
from zportal.saml.kept_text import readable
from zportal.saml.messages import Posted
from zportal.saml.people import shortened

LONGEST_DETAIL = 1024
"""Characters of what a check found; of the plan, the rules of the directory are a bound."""

LONGEST_XML = 256 * 1024
"""Characters of the message that are kept and shown."""

Report = dict[str, Any]
"""JSON: verdicts, name_id, attributes, login, plan, xml, is_cut, is_accepted."""


def report_of(
    posted: Posted, judgement: Judgement | None, refusal: Refused | None
) -> Report:
    """Return the report of a test; without *judgement*, *refusal* says why."""
    if judgement is None:
        verdicts = (
            [Verdict("Response", refusal.detail, refusal.error)] if refusal else []
        )
        return _report(verdicts, posted.text)
    accepted = judgement.refusal is None
    return _report(judgement.verdicts, judgement.exchange.message.pretty) | {
        "is_accepted": accepted,
        "name_id": judgement.name_id[:LONGEST_DETAIL],
        "attributes": shortened(judgement.attributes),
        "login": judgement.login[:LONGEST_DETAIL],
        "plan": _plan(judgement) if accepted else None,
    }


def _report(verdicts: list[Verdict], xml: str) -> Report:
    xml = readable(xml)
    return {
        "is_accepted": False,
        "verdicts": [_shown(verdict) for verdict in verdicts],
        "name_id": "",
        "attributes": {},
        "login": "",
        "plan": None,
        "xml": xml[:LONGEST_XML],
        "is_cut": len(xml) > LONGEST_XML,
    }


def _shown(verdict: Verdict) -> Report:
    error = asdict(verdict.error) if verdict.error else None
    return {
        "name": verdict.name,
        "detail": verdict.detail[:LONGEST_DETAIL],
        "error": error,
        "was_run": verdict.was_run,
    }


def _plan(judgement: Judgement) -> Report | None:
    """What auto-provisioning would do; None when it is off."""
    trust = judgement.exchange.trust
    if not trust.saml.auto_provisioning:
        return None
    return asdict(plan(trust.organization, judgement.asserted))
