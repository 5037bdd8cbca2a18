"""The smallest project around django-scim2, with nothing of it overridden."""
