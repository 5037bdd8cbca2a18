from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.forms import PasswordChangeForm

from zportal.models import Administrator

PASSWORD_LENGTH = 1024
"""That of the sign-in form."""


def _password(label: str, autocomplete: str, help_text: str = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        strip=False,
        max_length=PASSWORD_LENGTH,
        help_text=help_text,
        widget=forms.PasswordInput(
            attrs={"class": "input", "autocomplete": autocomplete}
        ),
    )


class PasswordForm(PasswordChangeForm):
    """The current password, and a new one that Django's validators accept."""

    old_password = _password("Current Password", "current-password")
    new_password1 = _password(
        "New Password",
        "new-password",
        "At least 8 characters, not only digits, no common password, and unlike your "
        "Login ID and name.",
    )
    new_password2 = _password("Confirm Password", "new-password")

    def __init__(self, administrator: Administrator, data: Any = None) -> None:
        super().__init__(administrator, data, label_suffix="")


class ThemeForm(forms.Form):
    theme = forms.ChoiceField(
        label="Theme", choices=Administrator.Theme.choices, widget=forms.RadioSelect
    )
