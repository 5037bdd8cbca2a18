"""Versions of everything that takes part in a measurement."""

from __future__ import annotations

import json
import os
import platform
import shutil
import sqlite3
import subprocess
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("Django", "gunicorn", "psycopg", "django-scim2", "scim2-server")
SCIMMY = Path(__file__).parent / "peers" / "scimmy" / "package.json"


def of_this_machine() -> dict[str, str]:
    found = {
        "Python": platform.python_version(),
        "SQLite": sqlite3.sqlite_version,
        "processors": str(os.cpu_count()),
    }
    found |= {package: version(package) for package in PACKAGES}
    if node := shutil.which("node"):
        found["Node"] = _output(node, "--version").lstrip("v")
        found |= json.loads(SCIMMY.read_text())["dependencies"]
    if commit := _output("git", "rev-parse", "--short", "HEAD"):
        found["this project"] = commit
    return found


def _output(*command: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - programs of this machine, fixed arguments
            command, capture_output=True, text=True, check=False, timeout=10
        )
    except OSError:
        return ""
    return done.stdout.strip()
