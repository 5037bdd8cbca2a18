"""The directory and its SCIM 2.0 service. Imports nothing from zportal."""
