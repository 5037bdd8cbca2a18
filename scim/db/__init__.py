"""What Django's ORM does not say: prepared statements, locks, errors of drivers."""
