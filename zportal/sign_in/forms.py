from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm, UsernameField

from zportal.validators import no_control_characters

LOGIN_LENGTH = 128
"""That of Administrator.login."""


class SignInForm(AuthenticationForm):
    """Login ID and password of an administrator."""

    username = UsernameField(
        label="Login ID",
        # The lock is counted in a column: a longer login is nobody's.
        max_length=LOGIN_LENGTH,
        validators=[no_control_characters],
        widget=forms.TextInput(
            attrs={
                "class": "input",
                "autofocus": True,
                "autocapitalize": "none",
                "autocomplete": "username",
                "spellcheck": "false",
            }
        ),
    )
    password = forms.CharField(
        label="Password",
        strip=False,
        max_length=1024,
        widget=forms.PasswordInput(
            attrs={"class": "input", "autocomplete": "current-password"}
        ),
    )
    remember = forms.BooleanField(label="Remember my Login ID", required=False)

    error_messages = {
        "invalid_login": "The Login ID or the Password is wrong. "
        "Capital letters count in the Password.",
        "inactive": "This account is switched off. Ask a Super Admin.",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, label_suffix="", **kwargs)
