"""Which revision of the settings a form was filled in on."""

from __future__ import annotations

from django import forms

NOTHING = -1
"""The revision of those who do not say what they saw."""


class SeenForm(forms.Form):
    """The hidden field that every page with staged settings posts back."""

    revision = forms.IntegerField(min_value=0, max_value=2**63 - 1)

    @property
    def seen(self) -> int:
        """The revision; NOTHING when it is missing or no number."""
        return int(self.cleaned_data["revision"]) if self.is_valid() else NOTHING
