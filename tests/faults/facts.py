"""What the database holds, read by a process of its own; and whether it adds up."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.live import run

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.faults.clients import Note
    from tests.live import Installation

State = tuple[bool, str, bool]
"""Whether the person exists, their title, whether they are in the group."""

NOBODY: State = (False, "", False)


@dataclass
class Verdict:
    """Figures of a scenario. All but the first four must be 0."""

    answered: int
    refused: int
    unanswered: int
    reads: int
    lost: int
    """Answered with 2xx, but not in the database."""
    ghosts: int
    """Refused, or never asked for, but in the database."""
    without_event: int
    """A change without its event, an event without its change."""
    doubled: int
    dangling: int
    failed: int
    """Answers of 500, and damage that the database itself reports."""

    @property
    def is_good(self) -> bool:
        wrong = (self.lost, self.ghosts, self.without_event)
        return not any((*wrong, self.doubled, self.dangling, self.failed))

    def __str__(self) -> str:
        return ", ".join(f"{name} {count}" for name, count in vars(self).items())


def print_facts(prefix: str) -> None:
    """Print as JSON what the database holds of a scenario; runs in ``manage.py``."""
    from django.db.models import F, Q

    from scim.models import (
        DirectoryGroup,
        DirectoryUser,
        GroupMembership,
        ProvisioningEvent,
    )

    in_group = set(
        GroupMembership.objects.filter(
            group__scim_display_name=prefix
        ).values_list("user__scim_username", flat=True)
    )  # fmt: skip
    users = {
        user.scim_username: [user.data.get("title", ""), user.version]
        for user in DirectoryUser.objects.filter(scim_username__startswith=f"{prefix}-")
    }
    done = ProvisioningEvent.objects.filter(status__lt=300).exclude(changes={})
    events = Counter(
        f"{event.action} {event.target}"
        for event in done.filter(Q(target=prefix) | Q(target__startswith=f"{prefix}-"))
    )
    stray = Q(user=None) | Q(group=None) | ~Q(organization=F("user__organization"))
    dangling = GroupMembership.objects.filter(
        stray | ~Q(organization=F("group__organization"))
    )
    keys = DirectoryUser.objects.values_list("organization", "user_name_key")
    facts = {
        "users": users,
        "members": sorted(in_group),
        "groups": list(
            DirectoryGroup.objects.filter(scim_display_name=prefix).values_list(
                "version", flat=True
            )
        ),
        "events": events,
        "dangling": dangling.count() + len(_broken_keys()),
        "doubled": len(keys) - len(set(keys)),
        "damage": _damage(),
    }
    print("FACTS " + json.dumps(facts))


def _broken_keys() -> list[Any]:
    from django.db import connection

    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            return list(cursor.execute("PRAGMA foreign_key_check").fetchall())
        cursor.execute(
            "SELECT m.id FROM scim_groupmembership m "
            "LEFT JOIN scim_directoryuser u ON u.id = m.user_id "
            "LEFT JOIN scim_directorygroup g ON g.id = m.group_id "
            "WHERE u.id IS NULL OR g.id IS NULL"
        )
        return list(cursor.fetchall())


def _damage() -> list[str]:
    from django.db import connection

    if connection.vendor != "sqlite":
        return []
    with connection.cursor() as cursor:
        rows = cursor.execute("PRAGMA integrity_check").fetchall()
    return [row[0] for row in rows if row[0] != "ok"]


def facts_of(here: Installation, scenario: str) -> dict[str, Any]:
    """Read the database of *here* in another process."""
    code = f"from tests.faults.facts import print_facts; print_facts({scenario!r})"
    printed = run(here.environment, "shell", "--no-imports", "--command", code)
    line = next(line for line in printed.splitlines() if line.startswith("FACTS "))
    facts: dict[str, Any] = json.loads(line.removeprefix("FACTS "))
    return facts


def judge(notes: list[Note], facts: dict[str, Any], scenario: str) -> Verdict:
    """Compare what the clients were told with what the database holds."""
    writes = [note for note in notes if note.verb != "read"]
    histories: dict[str, list[Note]] = defaultdict(list)
    for note in writes:
        histories[note.person].append(note)
    lost = ghosts = 0
    for person in histories.keys() | facts["users"].keys():
        history = histories.get(person, [])
        title, _ = facts["users"].get(person, ("", 0))
        found = (person in facts["users"], title, person in facts["members"])
        if found in possible(history):
            continue
        # Were all of the refusals in truth carried out, would that explain it?
        if found in possible(history, doubt=lambda note: not is_done(note)):
            ghosts += 1
        else:
            lost += 1
    return Verdict(
        answered=sum(is_done(note) for note in writes),
        refused=sum(note.status >= 400 for note in writes),
        unanswered=sum(note.status == 0 for note in writes),
        reads=sum(note.verb == "read" and note.status == 200 for note in notes),
        lost=lost,
        ghosts=ghosts,
        without_event=without_event(facts, scenario),
        doubled=facts["doubled"],
        dangling=facts["dangling"],
        failed=sum(note.status == 500 for note in notes) + len(facts["damage"]),
    )


def is_done(note: Note) -> bool:
    return 200 <= note.status < 300


def possible(history: Iterable[Note], doubt: Any = None) -> set[State]:
    """The states that a person may be in; each call in *doubt* was done or not."""
    doubtful = doubt or (lambda note: note.status == 0)
    states = {NOBODY}
    for note in history:
        after = {_apply(state, note) for state in states}
        if is_done(note):
            states = after
        elif doubtful(note):
            states |= after
    return states


def _apply(state: State, note: Note) -> State:
    exists, title, member = state
    if note.verb == "create":
        return state if exists else (True, "", False)
    if not exists:
        return state
    changed: dict[str, State] = {
        "title": (True, note.value, member),
        "join": (True, title, True),
        "leave": (True, title, False),
        "delete": NOBODY,
    }
    return changed[note.verb]


def without_event(facts: dict[str, Any], scenario: str) -> int:
    """Count who has another version than events, or was made or deleted without one."""
    events: dict[str, int] = facts["events"]
    wrong: int = sum(
        version - 1 != events.get(f"change {name}", 0)
        or events.get(f"create {name}", 0) != 1
        or events.get(f"delete {name}", 0) != 0
        for name, (_, version) in facts["users"].items()
    )
    made = [key.removeprefix("create ") for key in events if key.startswith("create ")]
    gone = [name for name in made if name != scenario and name not in facts["users"]]
    wrong += sum(events.get(f"delete {name}", 0) != 1 for name in gone)
    version: int = facts["groups"][0]
    return wrong + int(version - 1 != events.get(f"change {scenario}", 0))
