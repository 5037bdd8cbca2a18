from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator

from scim.models import Organization
from scim.profiles import PROFILES
from zportal.advanced.rules import RULES, Rule


class ProfileForm(forms.Form):
    profile = forms.ChoiceField(
        choices=[(name, name) for name in PROFILES], widget=forms.RadioSelect
    )


@dataclass(frozen=True)
class RuleRow:
    """A rule, its field, and what the organization's profile says without overrides."""

    rule: Rule
    field: forms.BoundField
    by_profile: str
    is_overridden: bool


class RulesForm(forms.Form):
    """Every rule of the organization's behaviour, with the profile that was shown."""

    profile = forms.ChoiceField(
        choices=[(name, name) for name in PROFILES], widget=forms.HiddenInput
    )

    def __init__(
        self, data: Any = None, *, organization: Organization, read_only: bool = False
    ) -> None:
        stored = organization.behaviour
        initial = {rule.name: getattr(stored, rule.name) for rule in RULES}
        super().__init__(
            data,
            initial={**initial, "profile": organization.profile},
            label_suffix="",
        )
        self.organization = organization
        for rule in RULES:
            self.fields[rule.name] = _field(rule, read_only=read_only)

    def clean(self) -> None:
        default, most = (self.cleaned_data.get(n) for n in ("default_page", "max_page"))
        if default and most and default > most:
            self.add_error("default_page", "It cannot be more than a page holds.")

    @property
    def rules(self) -> dict[str, Any]:
        """The validated rules."""
        return {rule.name: self.cleaned_data[rule.name] for rule in RULES}

    @property
    def rows(self) -> list[RuleRow]:
        profile = PROFILES[self.organization.profile]
        overridden = self.organization.profile_overrides
        return [
            RuleRow(
                rule=rule,
                field=self[rule.name],
                by_profile=rule.text(getattr(profile, rule.name)),
                is_overridden=rule.name in overridden,
            )
            for rule in RULES
        ]


def _field(rule: Rule, *, read_only: bool) -> forms.Field:
    if rule.choices is not None:
        return forms.ChoiceField(
            label=rule.label,
            choices=list(rule.choices.items()),
            disabled=read_only,
            widget=forms.Select(attrs={"class": "select"}),
        )
    if rule.most is not None:
        limits = f"A whole number from {rule.least:,} to {rule.most:,}."
        return forms.IntegerField(
            label=rule.label,
            disabled=read_only,
            validators=[
                MinValueValidator(rule.least, limits),
                MaxValueValidator(rule.most, limits),
            ],
            error_messages={"required": limits, "invalid": limits},
            widget=forms.NumberInput(
                attrs={"class": "input", "min": rule.least, "max": rule.most}
            ),
        )
    return forms.BooleanField(
        label=rule.label,
        required=False,
        disabled=read_only,
        widget=forms.CheckboxInput(attrs={"class": "switch", "role": "switch"}),
    )
