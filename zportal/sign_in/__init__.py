"""How administrators sign in and out: tries, passwords, sessions, and their trail."""
