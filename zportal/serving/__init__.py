"""The server process: gunicorn's settings, its worker, its log."""
