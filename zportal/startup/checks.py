"""The project's own system checks: unsafe settings fail at start, with a hint.

``manage.py check`` runs all but the last; ``zportal.wsgi`` runs all of them and refuses
to serve on an Error. A malformed value (E009) ends the start before there are settings
to check: ``zportal.startup.environment``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as Caution
from django.core.exceptions import ImproperlyConfigured

from zportal.frame.proxies import Network, parse_networks
from zportal.startup.environment import end_start, report
from zportal.startup.secret_key import surprises

SHORTEST_SECRET_KEY = 32
FEWEST_SURPRISES = 20
"""Characters of SECRET_KEY that do not follow from those before: 80 bits as hexadecimal."""

GIVEAWAYS = (
    *("insecure", "openssl", "changeme", "change-me", "replace", "placeholder"),
    *("secret", "your-", "your_", "lorem", "quick-brown", "verylong", "very-long"),
)
"""Beginnings and parts of keys that come from an example, .env.example's included."""

REGISTRIES = {"ac", "co", "com", "edu", "gov", "net", "or", "org"}
"""Below which the registries of countries give names to anybody."""

OWN_NETWORKS = parse_networks(["10.0.0.0/8", "127.0.0.0/8", "fc00::/7", "fe80::/10"])
"""Large, and still of one network or machine (RFC 1918, RFC 4193)."""


@register("zportal")
def check_secret_key(**_: Any) -> list[CheckMessage]:
    try:
        key = str(settings.SECRET_KEY)
    except ImproperlyConfigured:
        key = ""
    generate = "Set SECRET_KEY to the output of: openssl rand -hex 32"
    if not key:
        hint = f"{generate} - or let “make run” generate var/secret_key."
        return [Error("SECRET_KEY is missing.", hint=hint, id="zportal.E001")]
    weak = (
        len(key) < SHORTEST_SECRET_KEY
        or surprises(key) < FEWEST_SURPRISES
        or any(part in key.lower() for part in GIVEAWAYS)
    )
    if weak:
        text = (
            f"SECRET_KEY can be guessed: it is an example, shorter than "
            f"{SHORTEST_SECRET_KEY} characters, or made of words, counting and "
            "repetition."
        )
        return [Error(text, hint=f"{generate}.", id="zportal.E002")]
    return []


@register("zportal")
def check_debug(**_: Any) -> list[CheckMessage]:
    is_here = is_loopback(public_url()) and is_loopback(listening())
    if not settings.DEBUG or is_here:
        return []
    return [
        Error(
            f"DEBUG is on while the portal is at {settings.PUBLIC_URL} and listens on "
            f"{settings.HOST}: its error pages would show settings and data to "
            "strangers.",
            hint="Remove DEBUG, or use a PUBLIC_URL and a HOST on 127.0.0.1.",
            id="zportal.E003",
        )
    ]


@register("zportal")
def check_allowed_hosts(**_: Any) -> list[CheckMessage]:
    loose = [host for host in settings.ALLOWED_HOSTS if _is_loose(host.strip())]
    if not loose:
        return []
    return [
        Error(
            f"ALLOWED_HOSTS has “{loose[0]}”, which allows hosts of anybody.",
            hint="Name the hosts, or the domain that is yours as .contoso.example, or "
            "leave ALLOWED_HOSTS out: that of PUBLIC_URL is allowed anyway.",
            id="zportal.E004",
        )
    ]


def _is_loose(host: str) -> bool:
    """Whether *host* stands for all hosts, or for those below a public suffix.

    Such are a top-level domain, and what countries register names below: .co.uk.
    """
    if host in {"*", "."}:
        return True
    if not host.startswith(".") or host == ".localhost":
        return False
    labels = host.strip(".").lower().split(".")
    is_of_country = len(labels) == 2 and len(labels[1]) == 2
    return len(labels) == 1 or (is_of_country and labels[0] in REGISTRIES)


@register("zportal")
def check_public_url(**_: Any) -> list[CheckMessage]:
    url = public_url()
    if not is_origin(url):
        return [
            Error(
                f"PUBLIC_URL is not an address: “{settings.PUBLIC_URL}”.",
                hint="Give scheme and host, and a port if need be, but no path: "
                "https://portal.contoso.example",
                id="zportal.E005",
            )
        ]
    if url.scheme == "http" and not is_loopback(url):
        return [
            Caution(
                f"{settings.PUBLIC_URL} is not encrypted: passwords and bearer tokens "
                "can be read on their way.",
                hint="Put a proxy or tunnel that speaks https before the portal, and "
                "set PUBLIC_URL to its address. Microsoft Entra ID demands https.",
                id="zportal.W001",
            )
        ]
    return []


@register("zportal")
def check_trusted_proxies(**_: Any) -> list[CheckMessage]:
    hint = "List addresses or networks, such as 127.0.0.1,10.0.0.0/8"
    try:
        networks = parse_networks(settings.TRUSTED_PROXIES)
    except ValueError as error:
        text = f"TRUSTED_PROXIES cannot be read: {error}."
        return [Error(text, hint=f"{hint}.", id="zportal.E006")]
    wide = [str(network) for network in networks if _is_wide(network)]
    if wide:
        text = f"TRUSTED_PROXIES trusts {wide[0]}: whole parts of the internet."
        return [Error(text, hint=f"{hint}: those of your proxies.", id="zportal.E007")]
    return []


def _is_wide(network: Network) -> bool:
    """Whether *network* is larger than any one's own: public, and a /8 (IPv6: /16)."""
    if network.prefixlen > (8 if network.version == 4 else 16):
        return False
    return not any(
        network.version == own.version and network.subnet_of(own)  # type: ignore[arg-type]
        for own in OWN_NETWORKS
    )


@register("zportal")
def check_listening(**_: Any) -> list[CheckMessage]:
    """What listens speaks http: passwords and tokens would be read on their way."""
    if settings.HOST and not listening().netloc:
        return [
            Error(
                f"HOST is {settings.HOST}, which is no name and no address.",
                hint="Write it alone, such as 127.0.0.1 or ::1, without brackets; PORT "
                "has the port.",
                id="zportal.E012",
            )
        ]
    if settings.DEBUG or settings.TRUSTED_PROXIES or is_loopback(listening()):
        return []
    return [
        Error(
            f"HOST is {settings.HOST or 'empty'}: others reach the portal there over http, "
            "which is not encrypted, and no proxy is named.",
            hint="Use HOST=127.0.0.1 with a proxy or tunnel on this machine, or name the "
            "proxies that speak https in TRUSTED_PROXIES, such as 10.0.0.5.",
            id="zportal.E011",
        )
    ]


@register("zportal")
def check_field_encryption_keys(**_: Any) -> list[CheckMessage]:
    try:
        for key in settings.FIELD_ENCRYPTION_KEYS:
            Fernet(key)
    except ValueError:
        return [
            Error(
                "FIELD_ENCRYPTION_KEY is no Fernet key: 32 bytes as URL-safe base-64.",
                hint="Make one with: .venv/bin/python -c 'from cryptography.fernet "
                "import Fernet; print(Fernet.generate_key().decode())' - or leave it "
                "out, and one is derived from SECRET_KEY.",
                id="zportal.E010",
            )
        ]
    return []


def check_static_files(**_: Any) -> list[CheckMessage]:
    """Not registered: ``migrate`` and ``collectstatic`` itself must work without."""
    if settings.DEBUG or (Path(settings.STATIC_ROOT) / "staticfiles.json").is_file():
        return []
    return [
        Error(
            f"There are no static files in {settings.STATIC_ROOT}: every page would "
            "be broken.",
            hint="Run: .venv/bin/python manage.py collectstatic --noinput",
            id="zportal.E008",
        )
    ]


Check = Callable[..., Sequence[CheckMessage]]

SETTINGS_CHECKS: tuple[Check, ...] = (
    check_secret_key,
    check_debug,
    check_allowed_hosts,
    check_public_url,
    check_trusted_proxies,
    check_listening,
    check_field_encryption_keys,
)


def refuse_unsafe_settings(
    checks: Iterable[Check] = (*SETTINGS_CHECKS, check_static_files),
) -> None:
    """Report what *checks* find on stderr; raise SystemExit when there is an Error."""
    found = [message for check in checks for message in check()]
    errors = [message for message in found if message.is_serious()]
    for message in found:
        kind = "error" if message in errors else "warning"
        report(kind, message.id, message.msg, message.hint)
    if errors:
        end_start()


def public_url() -> SplitResult:
    """PUBLIC_URL in parts; of an unreadable one, all parts are empty."""
    try:
        return urlsplit(str(settings.PUBLIC_URL))
    except ValueError:
        return urlsplit("")


def listening() -> SplitResult:
    """Where the server listens, as the parts of a URL."""
    host = str(settings.HOST)
    try:
        return urlsplit(f"//[{host}]" if ":" in host else f"//{host}")
    except ValueError:
        return urlsplit("")


def is_origin(url: SplitResult) -> bool:
    """Whether *url* is scheme, host and perhaps a port, and nothing else."""
    try:
        port_is_fine = url.port != 0
    except ValueError:
        port_is_fine = False
    beyond = url.path or url.query or url.fragment or "@" in url.netloc
    return (
        port_is_fine
        and url.scheme in {"http", "https"}
        and bool(url.hostname)
        and not beyond
    )


def is_loopback(url: SplitResult) -> bool:
    """Whether only this machine can reach *url*."""
    host = url.hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
