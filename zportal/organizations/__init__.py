"""Organizations: made by a superuser, and how the first one comes to be."""
