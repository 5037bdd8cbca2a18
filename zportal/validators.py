"""What forms and models of several subjects refuse."""

from __future__ import annotations

from django.core.validators import RegexValidator

no_control_characters = RegexValidator(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029]",
    "This has characters that cannot be seen, such as line breaks. Type it rather than "
    "paste it.",
    inverse_match=True,
)
"""Of logins and names. Marks of direction are not refused: names from right to left have
them, and pages keep them apart."""
