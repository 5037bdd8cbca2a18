"""Fails when .ci/constraints.txt is not what pyproject.toml asks for.

Works offline: it walks from the requirements of pyproject.toml through what is installed
and compares that with the pins. Newer releases elsewhere are no reason to fail.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
CONSTRAINTS = ROOT / ".ci" / "constraints.txt"


def applies(requirement: Requirement, extras: Iterable[str] = ("",)) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": each}) for each in extras)


def asked_for() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = project.get("dependency-groups", {}).values()
    lists = [project["project"]["dependencies"], *groups]
    return [Requirement(line) for lines in lists for line in lines]


def pinned() -> dict[str, str]:
    """The version of each pin that applies to this Python and system."""
    lines = (line.strip() for line in CONSTRAINTS.read_text().splitlines())
    pins = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {
        canonicalize_name(pin.name): str(pin.specifier).removeprefix("==")
        for pin in pins
        if applies(pin)
    }


def needed_by(requirement: Requirement) -> Iterator[Requirement]:
    """What an installed distribution asks for in turn, with the chosen extras."""
    extras = requirement.extras or {""}
    for line in requires(requirement.name) or []:
        needed = Requirement(line)
        if applies(needed, {"", *extras}):
            yield needed


def complaints(pins: dict[str, str]) -> Iterator[str]:
    todo, seen, used = asked_for(), set[str](), set[str]()
    while todo:
        requirement = todo.pop()
        name = canonicalize_name(requirement.name)
        if str(requirement) in seen:
            continue
        seen.add(str(requirement))
        used.add(name)
        if name not in pins:
            yield f"{requirement} is not pinned"
        elif not requirement.specifier.contains(pins[name], prereleases=True):
            yield f"{name}=={pins[name]} is pinned, but {requirement} is needed"
        try:
            todo.extend(needed_by(requirement))
        except PackageNotFoundError:
            yield f"{name} is not installed"
    for name in sorted(set(pins) - used):
        yield f"{name} is pinned, but nothing needs it"


def not_installed(pins: dict[str, str]) -> Iterator[str]:
    for name, pin in pins.items():
        try:
            installed = version(name)
        except PackageNotFoundError:
            installed = "nothing"
        if installed != pin:
            yield f"{name}=={pin} is pinned, but {installed} is installed"


def main() -> int:
    pins = pinned()
    found = [*complaints(pins), *not_installed(pins)]
    for complaint in found:
        print(complaint, file=sys.stderr)
    if found:
        print("Run: make constraints install", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
