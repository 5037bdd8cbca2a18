"""Sign-on in a browser, with identity providers that nobody here wrote."""
