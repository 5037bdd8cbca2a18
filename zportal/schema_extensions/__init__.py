"""Schema Extensions: attributes that an organization declares for itself."""
