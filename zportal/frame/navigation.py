"""The menu as data. Only pages that work are listed; a new page adds its entry here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from django.urls import reverse


@dataclass(frozen=True)
class Entry:
    """One page of a panel. *root* is the path below which it counts as current."""

    label: str
    group: str
    url_name: str
    root: str

    @property
    def url(self) -> str:
        return reverse(self.url_name)

    def is_current(self, path: str) -> bool:
        return path.startswith(self.root)


@dataclass(frozen=True)
class Menu:
    """An item of the rail that opens a panel of entries, one column a group."""

    label: str
    icon: str
    entries: tuple[Entry, ...]

    def is_current(self, path: str) -> bool:
        return any(entry.is_current(path) for entry in self.entries)

    def groups(self) -> Iterator[tuple[str, list[Entry]]]:
        for group, entries in groupby(self.entries, key=lambda entry: entry.group):
            yield group, list(entries)


MENUS = (
    Menu(
        label="Administration",
        icon="administration",
        entries=(
            Entry(
                label="Company Profile",
                group="Settings",
                url_name="admin:company_profile",
                root="/administration/company-profile/",
            ),
            Entry(
                label="Authentication Settings",
                group="Authentication",
                url_name="admin:authentication_settings",
                root="/administration/authentication-settings/",
            ),
            Entry(
                label="User Management",
                group="Authentication",
                url_name="admin:scim_directoryuser_changelist",
                root="/administration/user-management/",
            ),
        ),
    ),
)


@dataclass(frozen=True)
class Shortcut:
    """An item at the foot of the rail that leads straight to its page."""

    label: str
    icon: str
    url_name: str
    root: str

    @property
    def url(self) -> str:
        return reverse(self.url_name)

    def is_current(self, path: str) -> bool:
        return path.startswith(self.root)


SHORTCUTS = (
    Shortcut(
        label="Activation",
        icon="activation",
        url_name="admin:activation",
        root="/activation/",
    ),
)
