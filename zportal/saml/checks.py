"""What a response has to stand before anybody is signed on.

Each check looks at one thing and says what it found, or raises Refused. The first that
fails is the answer, and the last that is run; only a Test sign-on shows every verdict.
The signature and the rules of SAML are python3-saml's; the checks before it are stricter
where the library compares beginnings of addresses or lets a missing value pass.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from onelogin.saml2.constants import OneLogin_Saml2_Constants as Constants
from onelogin.saml2.errors import OneLogin_Saml2_ValidationError
from onelogin.saml2.utils import OneLogin_Saml2_Utils as Utils

from zportal.certificates import stored_certificate
from zportal.saml.codes import ErrorCode, Refused
from zportal.saml.messages import NAMES, Message, Posted
from zportal.saml.requests import PendingRequest
from zportal.saml.signatures import check_shape
from zportal.saml.trust import Trust

SKEW = timedelta(seconds=Constants.ALLOWED_CLOCK_DRIFT)
"""How far the clocks may differ: five minutes, the library's and Entra's own value."""


@dataclass(frozen=True)
class Exchange:
    """A response, where and with what it came, and the request that it answers."""

    trust: Trust
    message: Message
    received_at: str
    """The URL that it was posted to."""
    relay_state: str
    request: PendingRequest | None
    """None when it answers no request of ours."""

    @property
    def is_test(self) -> bool:
        return self.request is not None and self.request.is_test


@dataclass(frozen=True)
class Verdict:
    """What came of one check."""

    name: str
    detail: str
    error: ErrorCode | None = None
    """Why it failed; None when it passed or was not run."""
    was_run: bool = True


Check = Callable[[Exchange], str]


def judge(exchange: Exchange) -> list[Verdict]:
    """Return the verdicts up to the first failure; of a Test sign-on, of every check."""
    verdicts: list[Verdict] = []
    for name, check in CHECKS:
        verdicts.append(_verdict(name, check, exchange))
        if verdicts[-1].error and not exchange.is_test:
            return verdicts
    if any(verdict.error for verdict in verdicts):
        # The library stops at its first failure, which is told by now.
        return [*verdicts, Verdict(RULES, "a check above failed", was_run=False)]
    return [*verdicts, _verdict(RULES, _rules, exchange)]


def _verdict(name: str, check: Check, exchange: Exchange) -> Verdict:
    try:
        return Verdict(name, check(exchange))
    except Refused as refusal:
        return Verdict(name, refusal.detail, refusal.error)


def _status(exchange: Exchange) -> str:
    """The outermost code; python3-saml takes an empty one, or any first attribute."""
    root = exchange.message.root
    codes = root.xpath("samlp:Status/samlp:StatusCode", namespaces=NAMES)
    if [code.get("Value") for code in codes] == [Constants.STATUS_SUCCESS]:
        return "Success"
    some = "(samlp:Status//samlp:StatusCode)[position() < 9]/@Value"
    values = root.xpath(some, namespaces=NAMES)
    names = ", ".join(value.rpartition(":")[2] for value in values) or "missing"
    said = root.findtext("samlp:Status/samlp:StatusMessage", "", NAMES) or "no message"
    raise Refused("0xE5615", f"The status is {names[:200]} ({said.strip()[:500]}).")


def _one_assertion(exchange: Exchange) -> str:
    # Counted before the library, which makes a list of them.
    number = "count(//saml:Assertion | //saml:EncryptedAssertion) = 1"
    if not (
        exchange.message.root.xpath(number, namespaces=NAMES)
        and exchange.message.response.validate_num_assertions()
    ):
        raise Refused("0xA022", "A response has to hold exactly one assertion.")
    return "encrypted" if exchange.message.is_encrypted else "one, not encrypted"


def _signature(exchange: Exchange) -> str:
    """The signature of response or assertion, by the certificates that are configured."""
    message = exchange.message
    check_shape(message.root, allow_sha1=exchange.trust.saml.allow_sha1)
    try:
        signed = message.response.process_signed_elements()
    except OneLogin_Saml2_ValidationError as problem:
        raise Refused("0xB003", f"{problem}.") from problem
    parts = [tag.rpartition("}")[2] for tag in signed]
    if not parts:
        raise Refused("0xB003", "Neither the response nor the assertion is signed.")
    paths = {
        "Response": (message.response.document, Utils.RESPONSE_SIGNATURE_XPATH),
        "Assertion": (message.root, Utils.ASSERTION_SIGNATURE_XPATH),
    }
    for part in parts:
        document, path = paths[part]
        certificates = _good_certificates(exchange.trust)
        if not Utils.validate_sign(document, xpath=path, multicerts=certificates):
            raise Refused(
                "0xB003",
                f"The signature of the {part.lower()} was not made with the key of the "
                "Public SSL Certificate, or what it signs was changed.",
            )
    return " and ".join(f"{part.lower()} signed" for part in parts)


def _good_certificates(trust: Trust) -> list[str]:
    """The certificates that are good today. Raises Refused when none is."""
    read = [stored_certificate(pem) for pem in trust.saml.certificates]
    if None in read:
        raise Refused("0xE5635", "A certificate of the identity provider is damaged.")
    fit = [each for each in read if each and not each.key_problem]
    if not fit:
        raise Refused("0xB003", next(each.key_problem for each in read if each))
    good = [each.pem for each in fit if not each.is_expired]
    if not good:
        days = ", ".join(f"{each.expires:%-d %B %Y}" for each in fit)
        raise Refused("0xB003", f"The Public SSL Certificate expired on {days}.")
    return good


def _issuer(exchange: Exchange) -> str:
    issuers, expected = exchange.message.issuers, exchange.trust.saml.issuer
    if len(issuers) != 1 or not issuers[0]:
        raise Refused("0xB00A5", "Response and assertion have to name one issuer.")
    if expected and issuers[0] != expected:
        raise Refused(
            "0xB00A5", f"The issuer is {issuers[0][:200]}, expected was {expected}."
        )
    return issuers[0] if expected else f"{issuers[0]} (any is accepted)"


def _destination(exchange: Exchange) -> str:
    """saml-bindings 3.5.5.2: a signed message names where it is meant to go."""
    root = exchange.message.root
    destination = root.get("Destination")
    if destination is None:
        if root.find("ds:Signature", NAMES) is not None:
            raise Refused("0xB000", "The response is signed and has no Destination.")
        return "none given"
    if not _same(destination, exchange.received_at):
        raise Refused(
            "0xB000",
            f"Destination is {destination[:200] or 'empty'}; it came to "
            f"{exchange.received_at}.",
        )
    return str(destination)


def _recipient(exchange: Exchange) -> str:
    """saml-profiles 4.1.4.2: a bearer assertion names its recipient, time and request."""
    problem = "There is no SubjectConfirmation of the method bearer."
    for data in exchange.message.confirmations():
        problem = _confirmation_problem(exchange, data)
        if not problem:
            return str(data.get("Recipient"))
    raise Refused("0xB000", problem)


def _confirmation_problem(exchange: Exchange, data: object) -> str:
    get = data.get  # type: ignore[attr-defined]
    recipient = get("Recipient", "")
    if not _same(recipient, exchange.received_at):
        return (
            f"Recipient is {recipient[:200] or 'missing'}; the response came to "
            f"{exchange.received_at}."
        )
    if not get("NotOnOrAfter"):
        return "SubjectConfirmationData has no NotOnOrAfter."
    if get("InResponseTo", "") != exchange.message.posted.in_response_to:
        return "SubjectConfirmationData answers another request than the response."
    return ""


def _audience(exchange: Exchange) -> str:
    """saml-core 2.5.1.4: of several restrictions, each has to be kept."""
    restrictions = [
        [node.text or "" for node in each.iterfind("saml:Audience", NAMES)]
        for each in exchange.message.assertion(
            "/saml:Conditions/saml:AudienceRestriction"
        )
    ]
    expected = exchange.trust.entity_id
    if not restrictions or any(expected not in each for each in restrictions):
        found = " and ".join(", ".join(each) for each in restrictions)[:200]
        found = found or "missing"
        raise Refused(
            "0xA022",
            f"Audience is {found}, expected was {expected}: set it as Identifier "
            "(Entity ID) at the identity provider.",
        )
    return expected


def _request(exchange: Exchange) -> str:
    return check_request(
        exchange.trust,
        exchange.message.posted,
        exchange.request,
        exchange.relay_state,
    )


def check_request(
    trust: Trust, posted: Posted, request: PendingRequest | None, relay_state: str
) -> str:
    """Say which request the response answers. Raises Refused when it may answer none.

    It needs nothing but what was posted, so it comes before anything is decrypted.
    """
    if not posted.in_response_to:
        if not trust.saml.idp_initiated:
            raise Refused("0xB001", "The response answers no request.")
        return "unsolicited, which is allowed"
    if request is None or request.org_id != trust.organization.pk:
        raise Refused("0xE5501", "The response answers a request of somebody else.")
    if request.is_late:
        raise Refused(
            "0xB004",
            f"The request was sent at {request.sent:%H:%M:%S} UTC, too long ago.",
        )
    if relay_state != request.relay_state:
        raise Refused("0xE5501", "RelayState did not come back as it was sent.")
    return f"answers the request of {request.sent:%H:%M:%S} UTC"


def _time(exchange: Exchange) -> str:
    """Clocks may differ by SKEW; the library grants none to SubjectConfirmationData."""
    now, message = datetime.now(UTC), exchange.message
    early = [moment for moment in message.begins if moment > now + SKEW]
    late = [moment for moment in message.ends if moment <= now - SKEW]
    late += [moment for moment in message.confirmed_until if moment <= now]
    if early:
        raise Refused("0xB004", f"Valid only from {early[0]:%H:%M:%S} UTC on.")
    if late:
        raise Refused("0xB004", f"Valid only until {late[0]:%H:%M:%S} UTC.")
    ends = message.ends
    return f"until {min(ends):%H:%M:%S} UTC" if ends else "no end is given"


def _rules(exchange: Exchange) -> str:
    """Everything python3-saml checks, its schemas and the signature once more."""
    request = exchange.request
    # The library holds every address against one spelling: that with :443, or without.
    named = [str(each.get("Recipient")) for each in exchange.message.confirmations()]
    where = next(
        (each for each in named if _same(each, exchange.received_at)),
        exchange.received_at,
    )
    scheme, _, rest = where.partition("://")
    host, _, path = rest.partition("/")
    data = {
        "https": "on" if scheme == "https" else "off",
        "http_host": host,
        "script_name": f"/{path}",
    }
    try:
        exchange.message.response.is_valid(
            data, request_id=request.id if request else None, raise_exceptions=True
        )
    except Exception as problem:
        text = str(problem)[:300] or type(problem).__name__
        raise Refused(_code_of(problem), f"{text.rstrip('.')}.") from problem
    return "valid"


def _code_of(problem: Exception) -> str:
    errors = OneLogin_Saml2_ValidationError
    if not isinstance(problem, errors):
        return "0xA022"
    signatures = {errors.INVALID_SIGNATURE, errors.NO_SIGNATURE_FOUND}
    times = {
        errors.ASSERTION_EXPIRED,
        errors.ASSERTION_TOO_EARLY,
        errors.SESSION_EXPIRED,
    }
    if problem.code in signatures:
        return "0xB003"
    return "0xB004" if problem.code in times else "0xA022"


def _same(one: str, other: str) -> bool:
    """Whether two addresses are the same; Zscaler's shows :443 and leaves it out."""
    return _without_port(one) == _without_port(other)


def _without_port(url: str) -> str:
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    port = ":443" if scheme.lower() == "https" else ":80"
    return f"{scheme.lower()}://{host.lower().removesuffix(port)}{slash}{path}"


SIGNATURE = "Signature"

CHECKS: tuple[tuple[str, Check], ...] = (
    ("Status", _status),
    ("Assertion", _one_assertion),
    (SIGNATURE, _signature),
    ("Issuer", _issuer),
    ("Request", _request),
    ("Destination", _destination),
    ("Recipient", _recipient),
    ("Audience", _audience),
    ("Time", _time),
)
"""In the order in which the first failure is reported; the library's own come last."""

RULES = "SAML rules"
