"""What people and groups look like in SCIM: schemas, documents, and changes to them."""
