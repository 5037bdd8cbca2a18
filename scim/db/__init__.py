"""What Django's ORM does not say: prepared statements, locks, time limits, errors of drivers."""
