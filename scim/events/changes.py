"""What a change was, in as much room as its event has for it.

A call of a hundred bytes may change a list of a hundred long values. To keep the list as
it was and as it is, with each of such calls, would fill the log with what never changed.
"""

from __future__ import annotations

from typing import Any

import orjson

Changes = dict[str, Any]
"""Attribute path to [old value, new value], as ProvisioningEvent has them."""

WHOLE = 4 * 1024
"""Bytes of JSON up to which changes are kept as they are."""

LONG_VALUE = 512
"""Bytes of JSON of a value that is kept when changes are too large to keep whole."""


def fitting(changes: Changes, room: int) -> Changes:
    """Return *changes* in at most *room* bytes of JSON, more or less shortened.

    Beyond WHOLE bytes lists keep the values that differ. Where that is still too much,
    long values are told by their size, and then the last attributes are left out.
    """
    if size_of(changes) <= min(room, WHOLE):
        return changes
    changes = {path: _differing(*pair) for path, pair in changes.items()}
    if size_of(changes) <= room:
        return changes
    kept: Changes = {}
    for path, pair in changes.items():
        short = [_short(value) for value in pair]
        room -= size_of({path: short})
        if room < 0:
            break
        kept[path] = short
    return kept


def size_of(value: Any) -> int:
    """Return how many bytes of JSON *value* is."""
    return len(orjson.dumps(value))


def _differing(old: Any, new: Any) -> list[Any]:
    """Return the pair; of two lists only what the other one does not have."""
    if not (isinstance(old, list) and isinstance(new, list)):
        return [old, new]
    before, after = ([orjson.dumps(item) for item in items] for items in (old, new))
    gone = _without(old, before, set(after))
    came = _without(new, after, set(before))
    stayed = len(new) - len(came)
    return [gone, [*came, f"… and {stayed} that stayed"] if stayed else came]


def _without(items: list[Any], written: list[bytes], others: set[bytes]) -> list[Any]:
    pairs = zip(items, written, strict=True)
    return [item for item, json in pairs if json not in others]


def _short(value: Any) -> Any:
    size = size_of(value)
    return value if size <= LONG_VALUE else f"… ({size:,} bytes)"
