"""The fixtures that only the tests of the SCIM service need."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.live import LiveService


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveService]:
    """gunicorn with two workers of four threads; profile ``rfc``."""
    from tests.live import live_service

    with live_service(tmp_path_factory.mktemp("live")) as running:
        yield running
        # Whatever the tests did to it, nothing went wrong that nobody foresaw.
        assert "A SCIM request failed" not in running.log.read_text()
