from __future__ import annotations

from typing import Any

from django import forms
from django.core.validators import MaxValueValidator

from scim.models import Organization


class RetentionForm(forms.ModelForm):  # type: ignore[type-arg]
    """For how long, and up to which size, an organization's logs are kept."""

    class Meta:
        model = Organization
        fields = ("event_days", "event_mib", "event_mib_a_day", "audit_months")

    def __init__(
        self, data: Any = None, *, organization: Organization, read_only: bool = False
    ) -> None:
        super().__init__(data, instance=organization, label_suffix="")
        for name in self.fields:
            self.fields[name] = _field(name)
            self.fields[name].disabled = read_only


def _field(name: str) -> forms.Field:
    """Return a number whose bounds are the model's, and are told whatever is wrong."""
    field: Any = Organization._meta.get_field(name)
    [most] = [
        validator.limit_value
        for validator in field.validators
        if isinstance(validator, MaxValueValidator)
    ]
    limits = f"A whole number from 1 to {most:,}."
    codes = ("required", "invalid", "min_value", "max_value")
    formfield: forms.Field = field.formfield(
        min_value=1,
        max_value=most,
        error_messages=dict.fromkeys(codes, limits),
        widget=forms.NumberInput(attrs={"class": "input"}),
    )
    return formfield
