"""What every page of the portal shares: who asks, the page around it, audit, middleware."""
