"""How long the generated tests run: a bound in the suite, minutes by ``make fuzz``."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, Phase, settings

if TYPE_CHECKING:
    from collections.abc import Callable


def run_generated(run: Callable[[settings], None], *, examples: int) -> None:
    """Run once with *examples*, always the same; or until FUZZ_SECONDS have passed.

    FUZZ_SECONDS is what ``make fuzz`` sets, for each test; every round of it is new.
    """
    common = {
        "deadline": None,
        "database": None,
        "suppress_health_check": list(HealthCheck),
    }
    seconds = int(os.environ.get("FUZZ_SECONDS", "0"))
    if not seconds:
        # A failure shows itself as it is; "make fuzz" takes the time to shorten it.
        phases = (Phase.explicit, Phase.generate)
        run(
            settings(max_examples=examples, derandomize=True, phases=phases, **common)  # type: ignore[arg-type]
        )
        return
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        run(settings(max_examples=examples, **common))  # type: ignore[arg-type]
