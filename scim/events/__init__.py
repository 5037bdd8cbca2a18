"""The log of provisioning events: how it is written, how much is kept, when it ends."""
