"""What happens before the first request: environment, checks, secrets, static files."""
