"""Deletes what has reached its end, as the server does of its own accord."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from zportal.retention.housekeeping import in_words
from zportal.retention.pruning import prune


class Command(BaseCommand):
    help = (
        "Delete events, audit entries, sessions and counts that have reached their end, "
        "in small batches beside the running server, which does the same of its own "
        "accord every PRUNE_EVERY seconds."
    )

    def handle(self, **options: Any) -> None:
        done = prune()
        if done is None:
            self.stdout.write("Another process is pruning at this moment.")
        elif not done:
            self.stdout.write("Nothing has reached its end.")
        else:
            self.stdout.write(f"Deleted: {in_words(done)}.")
