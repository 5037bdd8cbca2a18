"""Company Profile: the organization's name and its registered domains."""
