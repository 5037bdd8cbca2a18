"""Profile: an administrator's own password, theme and sessions."""
