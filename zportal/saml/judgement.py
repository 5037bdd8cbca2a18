"""All verdicts about a response, those about the person included."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from scim.models import DirectoryUser
from scim.services.saml_provisioning import Asserted, person_of
from zportal.saml import people
from zportal.saml.checks import SIGNATURE, Exchange, Verdict, judge
from zportal.saml.codes import Refused


@dataclass
class Judgement:
    """What the checks found. Of a refused response, nothing but that is to be used."""

    exchange: Exchange
    verdicts: list[Verdict]
    name_id: str = ""
    attributes: people.Attributes = field(default_factory=dict)
    login: str = ""
    person: DirectoryUser | None = None

    @property
    def refusal(self) -> Verdict | None:
        """The first check that failed."""
        return next((verdict for verdict in self.verdicts if verdict.error), None)

    def refuse_failed(self) -> None:
        """Raise Refused when a check failed."""
        failed = self.refusal
        if failed is not None and failed.error is not None:
            raise Refused(failed.error.code, failed.detail)

    @property
    def is_verified(self) -> bool:
        """Whether the signature of the response is good, whatever else it is."""
        return any(each.name == SIGNATURE and not each.error for each in self.verdicts)

    @property
    def asserted(self) -> Asserted:
        """What auto-provisioning takes; only of what has a login name."""
        trust = self.exchange.trust
        return people.asserted_of(trust, self.login, self.attributes)


def judgement_of(exchange: Exchange) -> Judgement:
    """Run the checks up to the first that fails, of a Test sign-on all that can be run.

    Of what is verified, whatever else is wrong with it, the event tells the login name.
    """
    found = Judgement(exchange, judge(exchange))
    if not (exchange.is_test or found.is_verified):
        return found
    _add(found, "Subject", _subject)
    if found.name_id or found.attributes:
        _add(found, "Login name", _login)
    if found.login:
        _add(found, "Person", _person)
    return found


def _add(found: Judgement, name: str, check: Callable[[Judgement], str]) -> None:
    try:
        verdict = Verdict(name, check(found))
    except Refused as refusal:
        verdict = Verdict(name, refusal.detail, refusal.error)
    found.verdicts.append(verdict)


def _subject(found: Judgement) -> str:
    message = found.exchange.message
    found.attributes = people.attributes_of(message)
    found.name_id = people.name_id_of(message)
    number = len(found.attributes)
    return f"{found.name_id}, {number} attribute{'' if number == 1 else 's'}"


def _login(found: Judgement) -> str:
    trust = found.exchange.trust
    found.login = people.login_of(trust, found.name_id, found.attributes)
    return f"{found.login} (from {trust.saml.login_name_attribute})"


def _person(found: Judgement) -> str:
    trust = found.exchange.trust
    found.person = person_of(trust.organization, found.login)
    return people.check_person(trust, found.login, found.person)
