"""scimmy-routers on Express 4, with a store in memory: 40 lines that its users write."""
