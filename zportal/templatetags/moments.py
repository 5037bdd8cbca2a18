"""Times as tables show them: how long ago, with the exact time to hover over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


def elapsed(moment: datetime, now: datetime) -> str:
    """Return “just now”, “2 min ago”, “3 h ago”, “yesterday”, “4 days ago”, “12 Nov”."""
    age = now - moment
    minutes = int(age.total_seconds() // 60)
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{minutes} min ago"
    if age < timedelta(days=1):
        return f"{minutes // 60} h ago"
    days = (now.astimezone(UTC).date() - moment.astimezone(UTC).date()).days
    if days < 7:
        return "yesterday" if days == 1 else f"{days} days ago"
    year = "" if moment.year == now.year else f" {moment.year}"
    return f"{moment.day} {moment:%b}{year}"


@register.simple_tag
def ago(moment: datetime) -> SafeString:
    """How long ago *moment* was; the exact time in UTC is its title."""
    return _time(moment, elapsed(moment, timezone.now()))


@register.simple_tag
def exactly(moment: datetime) -> SafeString:
    """Day and time of *moment*, in UTC."""
    return _time(moment, _exact(moment))


@register.simple_tag
def clock(moment: datetime) -> SafeString:
    """“14:02 today”, else “14:02, 12 Nov 2026”; in UTC, which its title says."""
    utc = moment.astimezone(UTC)
    if utc.date() == timezone.now().astimezone(UTC).date():
        return _time(moment, f"{utc:%H:%M} today")
    return _time(moment, f"{utc:%H:%M}, {utc.day} {utc:%b %Y}")


def _time(moment: datetime, text: str) -> SafeString:
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moment.astimezone(UTC).isoformat(timespec="seconds"),
        _exact(moment),
        text,
    )


def _exact(moment: datetime) -> str:
    utc = moment.astimezone(UTC)
    return f"{utc.day} {utc:%b %Y, %H:%M:%S} UTC"
