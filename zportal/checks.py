"""The project's own system checks: unsafe settings fail at start, with a hint.

``manage.py check`` runs all but the last; ``zportal.wsgi`` runs all of them and refuses
to serve on an Error. A malformed value (E009) ends the start before there are settings
to check: ``zportal.environment``.
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

from zportal.environment import end_start, report
from zportal.proxies import parse_networks

SHORTEST_SECRET_KEY = 32
FEWEST_DISTINCT_CHARACTERS = 10
GIVEAWAYS = ("django-insecure", "openssl", "changeme", "change-me", "replace-me")
"""Beginnings and parts of keys that come from an example, .env.example's included."""


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
        or len(set(key)) < FEWEST_DISTINCT_CHARACTERS
        or any(part in key.lower() for part in GIVEAWAYS)
    )
    if weak:
        text = "SECRET_KEY can be guessed: it is short, repetitive or an example."
        return [Error(text, hint=f"{generate}.", id="zportal.E002")]
    return []


@register("zportal")
def check_debug(**_: Any) -> list[CheckMessage]:
    listening = urlsplit(f"//{settings.HOST}")
    if not settings.DEBUG or (is_loopback(public_url()) and is_loopback(listening)):
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
    if not {"*", "."} & {host.strip() for host in settings.ALLOWED_HOSTS}:
        return []
    return [
        Error(
            "ALLOWED_HOSTS allows every host.",
            hint="Name the hosts, or leave ALLOWED_HOSTS out: that of PUBLIC_URL is "
            "allowed anyway.",
            id="zportal.E004",
        )
    ]


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
    if any(network.prefixlen == 0 for network in networks):
        text = "TRUSTED_PROXIES trusts every address."
        return [Error(text, hint=f"{hint}: those of your proxies.", id="zportal.E007")]
    return []


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
