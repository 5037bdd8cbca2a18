"""The portal that people click, and the Django project around it."""
