"""User Management, through django.contrib.admin on the models that SCIM serves."""
