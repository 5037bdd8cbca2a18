"""SAML 2.0 sign-on: the service provider of every organization.

python3-saml reads and verifies messages (``docs/decisions/0005``); what it leaves open
is checked here. Dependencies run one way: urls -> views -> services -> checks ->
signatures -> messages, requests -> trust, decryption -> addresses, keys.
"""
