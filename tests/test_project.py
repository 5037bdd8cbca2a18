"""The files around the code say what the code does."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def run(
    *command: str | Path, cwd: Path = ROOT, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - the project's own programs
        command,
        cwd=cwd,
        env={"PATH": os.environ["PATH"], **(environment or {})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


# ------------------------------------------------------------------------ settings
def test_the_example_lists_every_setting_of_the_environment() -> None:
    read = re.compile(r'env\.\w+\(\s*"([A-Z_]+)"')
    sources = [*ROOT.glob("zportal/**/*.py"), *ROOT.glob("scim/**/*.py")]
    names = {name for file in sources for name in read.findall(file.read_text())}

    listed = set(
        re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    )

    assert {"SECRET_KEY", "DATABASE_URL", "ORG_DOMAIN"} <= names
    assert listed == names


def test_the_https_example_can_be_taken_apart() -> None:
    words = run(".ci/https-example").stdout.split()

    assert "PUBLIC_URL=https://portal.contoso.example" in words
    assert all(re.match(r"[A-Z_]+=\S+$", word) for word in words)


# ---------------------------------------------------------------------------- pins
@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the requirements and their pins, to be spoiled."""
    shutil.copytree(ROOT / ".ci", tmp_path / ".ci")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def check_constraints(root: Path) -> subprocess.CompletedProcess[str]:
    return run(sys.executable, root / ".ci" / "check_constraints.py", cwd=root)


def spoil(file: Path, pattern: str, replacement: str) -> None:
    text, count = re.subn(pattern, replacement, file.read_text(), flags=re.MULTILINE)
    assert count == 1
    file.write_text(text)


def test_the_pins_are_those_of_the_requirements(copy: Path) -> None:
    checked = check_constraints(copy)

    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.parametrize(
    ("file", "pattern", "replacement", "complaint"),
    [
        ("pyproject.toml", '"gunicorn==27.0.1"', '"gunicorn>=99"', "is needed"),
        ("pyproject.toml", '"httpx2",', "", "httpx2 is pinned, but nothing needs it"),
        (".ci/constraints.txt", "^sqlparse==.*$", "", "sqlparse>=0.3.1 is not pinned"),
        (".ci/constraints.txt", "^idna==.*$", "idna==1.0", "idna==1.0 is pinned, but"),
    ],
)
def test_a_pin_that_does_not_fit_is_named(
    copy: Path, file: str, pattern: str, replacement: str, complaint: str
) -> None:
    spoil(copy / file, pattern, replacement)

    checked = check_constraints(copy)

    assert checked.returncode == 1
    assert complaint in checked.stderr


def test_no_registry_is_named() -> None:
    assert "://" not in (ROOT / ".ci" / "constraints.txt").read_text()


# ---------------------------------------------------------------------- PostgreSQL
@pytest.mark.parametrize("name", ["DATABASE_URL", "TEST_DATABASE_URL"])
def test_a_given_postgresql_server_is_used(name: str) -> None:
    given = {name: "postgres://someone@db.contoso.example/x"}

    ran = run(".ci/with-postgres", "printenv", "DATABASE_URL", environment=given)

    assert ran.stdout == "postgres://someone@db.contoso.example/x\n"


def test_the_status_of_the_command_is_passed_on() -> None:
    given = {"DATABASE_URL": "postgres://someone@db.contoso.example/x"}

    assert (
        run(".ci/with-postgres", "sh", "-c", "exit 7", environment=given).returncode
        == 7
    )
