"""Names that nobody may mistake for another: of organizations and of domains."""
