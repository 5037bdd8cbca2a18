"""SCIM over HTTP: requests are authenticated, read, answered and recorded here."""
