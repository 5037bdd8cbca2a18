"""Authentication Settings: what is saved, what waits for Activation, and the warnings."""
