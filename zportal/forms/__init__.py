from __future__ import annotations

from zportal.forms.authentication_settings import AuthenticationSettingsForm
from zportal.forms.sign_in import SignInForm

__all__ = ["AuthenticationSettingsForm", "SignInForm"]
