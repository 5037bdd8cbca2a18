"""What happens to the service when something fails under it: make test-faults.

No tests of pytest: each scenario breaks a real server or database while clients
provision, and prints what was counted. Every figure must add up.
"""
