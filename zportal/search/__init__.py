"""The search box: pages, settings, people and groups by name."""
