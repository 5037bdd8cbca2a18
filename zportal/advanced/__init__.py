"""Advanced: the rules that an organization's service follows."""
