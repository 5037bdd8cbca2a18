"""How long ago something was, in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from zportal.templatetags.moments import clock, elapsed, exactly

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (NOW + timedelta(minutes=5), "just now"),
        (NOW, "just now"),
        (NOW - timedelta(seconds=59), "just now"),
        (NOW - timedelta(minutes=1), "1 min ago"),
        (NOW - timedelta(minutes=59), "59 min ago"),
        (NOW - timedelta(hours=1), "1 h ago"),
        (NOW - timedelta(hours=23, minutes=59), "23 h ago"),
        (NOW - timedelta(hours=24), "yesterday"),
        (NOW - timedelta(hours=37), "2 days ago"),
        (NOW - timedelta(days=6), "6 days ago"),
        (NOW - timedelta(days=7), "23 Feb"),
        (datetime(2025, 12, 31, tzinfo=UTC), "31 Dec 2025"),
    ],
)
def test_elapsed(moment: datetime, words: str) -> None:
    assert elapsed(moment, NOW) == words


def test_the_exact_time_is_in_utc() -> None:
    moment = datetime(2026, 3, 1, 0, 30, 5, tzinfo=timezone(timedelta(hours=2)))
    assert exactly(moment) == (
        '<time datetime="2026-02-28T22:30:05+00:00" '
        'title="28 Feb 2026, 22:30:05 UTC">28 Feb 2026, 22:30:05 UTC</time>'
    )


def test_the_clock_says_today_or_the_day() -> None:
    now = datetime.now(UTC)
    assert f">{now:%H:%M} today</time>" in clock(now)
    assert ">09:05, 1 Mar 2024</time>" in clock(datetime(2024, 3, 1, 9, 5, tzinfo=UTC))
