from __future__ import annotations

from typing import Any

from django import forms

from scim.extensions import (
    DESCRIPTION_LENGTH,
    NAME_LENGTH,
    TYPES,
    ExtensionAttribute,
    SchemaExtension,
)
from scim.services.schema_extensions import (
    validate_attribute_name,
    validate_description,
    validate_extension_name,
)
from zportal.schema_extensions.services import fingerprint

TYPE_CHOICES = [(type_, type_) for type_ in TYPES]


def _text(label: str, length: int, **attributes: str) -> dict[str, Any]:
    """Return the arguments of a field for a name or a description."""
    return {
        "label": label,
        "max_length": length,
        "widget": forms.TextInput(
            attrs={"class": "input", "autocomplete": "off", **attributes}
        ),
    }


class NamedForm(forms.Form):
    """The name of an extension; what is no text of a database is invalid."""

    extension = forms.CharField(max_length=NAME_LENGTH, widget=forms.HiddenInput)


class DescriptionForm(NamedForm):
    """Another description of an extension."""

    description = forms.CharField(
        **_text("Description", DESCRIPTION_LENGTH),
        required=False,
        validators=[validate_description],
    )

    @classmethod
    def of(cls, extension: SchemaExtension) -> DescriptionForm:
        return cls(
            initial={
                "extension": extension.name,
                "description": extension.description,
            },
            label_suffix="",
            auto_id=f"{extension.name}-%s",
        )


class ExtensionForm(forms.Form):
    """An extension to be added."""

    name = forms.CharField(
        **_text(
            "Name",
            NAME_LENGTH,
            placeholder="Contoso",
            spellcheck="false",
            autocapitalize="none",
        ),
        validators=[validate_extension_name],
        error_messages={"required": "Name the extension, such as Contoso."},
        help_text="It becomes a part of the URN: "
        "urn:ietf:params:scim:schemas:extension:Name:2.0:User",
    )
    description = forms.CharField(
        **_text("Description", DESCRIPTION_LENGTH),
        required=False,
        validators=[validate_description],
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, label_suffix="", auto_id="new-extension-%s")


class _DefinitionForm(NamedForm):
    """What both forms about an attribute ask for."""

    type = forms.ChoiceField(
        label="Type",
        choices=TYPE_CHOICES,
        widget=forms.Select(attrs={"class": "select"}),
    )
    case_exact = forms.BooleanField(
        label="Case-sensitive",
        required=False,
        widget=forms.CheckboxInput(attrs={"class": "switch", "role": "switch"}),
        help_text="For strings only. References and binaries always are, the others "
        "have no letters.",
    )
    description = forms.CharField(
        **_text("Description", DESCRIPTION_LENGTH),
        required=False,
        validators=[validate_description],
    )

    @property
    def attribute(self) -> ExtensionAttribute:
        """The validated definition."""
        given = self.cleaned_data
        return ExtensionAttribute(
            given["name"],
            given["type"],
            given["description"],
            given["type"] == "string" and given["case_exact"],
        )


class AttributeForm(_DefinitionForm):
    """An attribute to be added to the extension that the form names."""

    name = forms.CharField(
        **_text(
            "Name",
            NAME_LENGTH,
            placeholder="badgeNumber",
            spellcheck="false",
            autocapitalize="none",
        ),
        validators=[validate_attribute_name],
        error_messages={"required": "Name the attribute, such as badgeNumber."},
    )

    field_order = ("name", "type", "case_exact", "description")

    def __init__(self, data: Any = None, *, extension: str) -> None:
        self.belongs_to = extension
        super().__init__(
            data,
            initial={"extension": extension},
            label_suffix="",
            auto_id=f"new-{extension}-%s",
        )


class ChangeForm(_DefinitionForm):
    """An attribute that is there already; *seen* tells what was shown of it."""

    name = forms.CharField(
        max_length=NAME_LENGTH,
        widget=forms.HiddenInput,
        validators=[validate_attribute_name],
    )
    seen = forms.CharField(max_length=16, widget=forms.HiddenInput)

    @classmethod
    def of(cls, extension: str, attribute: ExtensionAttribute) -> ChangeForm:
        return cls(
            initial={
                "extension": extension,
                "name": attribute.name,
                "type": attribute.type,
                "case_exact": attribute.case_exact,
                "description": attribute.description,
                "seen": fingerprint(attribute),
            },
            label_suffix="",
            auto_id=f"{extension}-{attribute.name}-%s",
        )


class RemoveAttributeForm(NamedForm):
    name = forms.CharField(max_length=NAME_LENGTH)
