"""Installs the packages below var/, writes the store's first content, and serves."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench import people
from bench.peers.serving import (
    ROOT,
    Ready,
    new_token,
    options,
    sampled_people,
    serve,
)
from bench.people import Size

INSTALLED = ROOT / "var" / "bench" / "scimmy"


def install(npm: str) -> None:
    """Put the application beside its packages, which a second run finds there."""
    INSTALLED.mkdir(parents=True, exist_ok=True)
    source = Path(__file__).parent
    wanted = (source / "package.json").read_text()
    have = INSTALLED / "package.json"
    is_there = have.is_file() and have.read_text() == wanted
    shutil.copy(source / "app.js", INSTALLED)
    if is_there and (INSTALLED / "node_modules" / "scimmy-routers").is_dir():
        return
    have.write_text(wanted)
    subprocess.run(  # noqa: S603 - the npm of this machine
        [npm, "install", "--no-audit", "--no-fund", "--silent"],
        cwd=INSTALLED,
        check=True,
        timeout=180,
    )


def scim_id(number: int) -> str:
    return str(number + 1)


def content(size: Size) -> dict[str, list[dict[str, Any]]]:
    meta = {"created": "2026-01-01T00:00:00Z", "lastModified": "2026-01-01T00:00:00Z"}
    members: list[list[int]] = [[] for _ in range(size.groups)]
    members[0] = list(range(size.members))
    for number in range(size.users):
        members[size.group_of(number)].append(number)
    return {
        "users": [
            people.document(n) | {"id": scim_id(n), "meta": meta}
            for n in range(size.users)
        ],
        "groups": [
            {
                "id": scim_id(n),
                "displayName": people.group_name(n),
                "members": [{"value": scim_id(item)} for item in members[n]],
                "meta": meta,
            }
            for n in range(size.groups)
        ],
    }


def main() -> None:
    given = options()
    node, npm = shutil.which("node"), shutil.which("npm")
    if not (node and npm):
        sys.exit("SKIPPED: node and npm are needed.")
    install(npm)
    token = new_token()
    store = given.state / "store.json"
    store.write_text(json.dumps(content(given.size)))
    serve(
        [node, str(INSTALLED / "app.js")],
        given,
        Ready(
            base="/scim",
            token=token,
            group_id=scim_id(0),
            people=sampled_people(given.size, scim_id),
        ),
        BENCH_TOKEN=token,
        BENCH_STORE=str(store),
    )


if __name__ == "__main__":
    main()
