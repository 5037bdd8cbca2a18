"""Measurements: pages of the portal, and the SCIM service beside its peers."""
