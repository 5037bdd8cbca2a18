"""The page Authentication Settings and its window Configure SAML: one form."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import RegexValidator
from django.http import HttpRequest, QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.html import format_html

from scim.models import Organization, ProvisioningConnection
from zportal.authentication.settings_services import SWITCH, check_provisioning
from zportal.certificates import TOO_LARGE, UPLOAD_LIMIT, read_certificate
from zportal.models import AuthenticationSettings, SamlConfiguration
from zportal.saml.addresses import NO_PORTAL_URL, validate_portal_url
from zportal.validators import no_control_characters

ATTRIBUTE_LENGTH = 254
MAPPED_ATTRIBUTES = (
    "display_name_attribute",
    "group_name_attribute",
    "department_name_attribute",
)

OF_CERTIFICATES = ("keep_certificate", "remove_other_certificate")
"""What is asked about stored certificates, and is no setting."""

LONGEST_FREQUENCY = 180
FREQUENCY_RANGE = f"Write a number of days from 1 to {LONGEST_FREQUENCY}."
FORM_BASED_ONLY = "Takes effect with form-based sign-on."

one_word = RegexValidator(
    r"\A\S+\Z", "Write one word, without spaces, in the spelling of the assertion."
)


class HttpsField(forms.URLField):
    default_validators = [validate_portal_url]
    default_error_messages = {"invalid": NO_PORTAL_URL}


def _text(**attrs: str) -> forms.TextInput:
    return forms.TextInput(attrs={"class": "input", "spellcheck": "false", **attrs})


def _switch() -> forms.CheckboxInput:
    return forms.CheckboxInput(attrs={"class": "switch", "role": "switch"})


def _choice(
    label: str, choices: list[tuple[str, Any]], help_text: str = ""
) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label,
        choices=choices,
        widget=forms.Select(attrs={"class": "select"}),
        help_text=help_text,
    )


def _attribute(label: str, help_text: str = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        required=False,
        max_length=ATTRIBUTE_LENGTH,
        validators=[one_word, no_control_characters],
        widget=_text(autocapitalize="none"),
        help_text=help_text,
    )


class AuthenticationSettingsForm(forms.Form):
    """Every field that Save stores. An Auditor gets all of them disabled."""

    user_repository_type = _choice(
        "User Repository Type",
        AuthenticationSettings.Repository.choices,
        "Active Directory and OpenLDAP go only without SCIM; they are stored, and "
        "nothing is synchronized with them.",
    )
    authentication_frequency = _choice(
        "Authentication Frequency", AuthenticationSettings.Frequency.choices
    )
    custom_frequency_days = forms.IntegerField(
        label="Custom Authentication Frequency (days)",
        required=False,
        min_value=1,
        max_value=LONGEST_FREQUENCY,
        widget=forms.NumberInput(attrs={"class": "input input--short"}),
        help_text=f"1 to {LONGEST_FREQUENCY} days.",
        error_messages=dict.fromkeys(
            ("invalid", "min_value", "max_value"), FREQUENCY_RANGE
        ),
    )
    authentication_type = forms.ChoiceField(
        label="Authentication Type",
        choices=AuthenticationSettings.Type.choices,
        widget=forms.RadioSelect,
    )
    temporary_authentication = _choice(
        "Temporary Authentication",
        AuthenticationSettings.Temporary.choices,
        FORM_BASED_ONLY,
    )
    password_strength = _choice(
        "Password Strength",
        AuthenticationSettings.Strength.choices,
        "Medium: 8 characters, one of them no letter. Strong: 8 characters with a "
        f"digit, a capital and a special character. {FORM_BASED_ONLY}",
    )
    password_expiration = _choice(
        "Password Expiration",
        AuthenticationSettings.Expiration.choices,
        FORM_BASED_ONLY,
    )
    portal_url = HttpsField(
        label="SAML Portal URL",
        required=False,
        max_length=2048,
        assume_scheme="https",
        widget=forms.URLInput(
            attrs={"class": "input", "placeholder": "https://", "spellcheck": "false"}
        ),
        help_text=format_html("In Entra: <strong>{}</strong>", "Login URL"),
    )
    login_name_attribute = forms.CharField(
        label="Login Name Attribute",
        max_length=ATTRIBUTE_LENGTH,
        validators=[one_word, no_control_characters],
        widget=_text(autocapitalize="none"),
        help_text="One word; capital letters count.",
        error_messages={
            "required": "Name the attribute that carries the login, such as NameID."
        },
    )
    issuer = forms.CharField(
        label="IdP Entity ID",
        required=False,
        max_length=1024,
        validators=[no_control_characters],
        widget=_text(autocapitalize="none"),
        help_text=format_html(
            "In Entra: <strong>{}</strong>. Empty: any issuer whose signature fits the certificate.",
            "Microsoft Entra Identifier",
        ),
    )
    certificate = forms.FileField(
        label="Public SSL Certificate",
        required=False,
        widget=forms.FileInput(
            attrs={"class": "input", "accept": ".pem,.cer,.crt,.cert"}
        ),
        help_text=format_html("In Entra: <strong>{}</strong>", "Certificate (Base64)"),
        error_messages={
            "empty": "The file is empty. Download the certificate again and upload it.",
            "invalid": "Choose a file with Upload; nothing was received.",
        },
    )
    keep_certificate = forms.BooleanField(
        label="Keep the present certificate too",
        required=False,
        widget=forms.CheckboxInput(),
    )
    remove_other_certificate = forms.BooleanField(
        label="Remove the other certificate",
        required=False,
        widget=forms.CheckboxInput(),
    )
    org_specific_entity_id = forms.BooleanField(
        label="Org-Specific Entity ID",
        required=False,
        widget=_switch(),
        help_text="For several organizations in one Entra tenant, which takes each "
        "Identifier once.",
    )
    sign_request = forms.BooleanField(
        label="Sign SAML Request",
        required=False,
        widget=_switch(),
        help_text="With the certificate of the tab SAML Sign-On.",
    )
    idp_initiated = forms.BooleanField(
        label="Allow IdP-Initiated SAML",
        required=False,
        widget=_switch(),
        help_text="Accepts responses that nobody here has requested.",
    )
    allow_sha1 = forms.BooleanField(
        label="Allow SHA-1 Signatures",
        required=False,
        widget=_switch(),
        help_text="Only for an identity provider that cannot do better: SHA-1 can be "
        "forged.",
    )
    auto_provisioning = forms.BooleanField(
        label="Enable SAML Auto-Provisioning",
        required=False,
        widget=_switch(),
        help_text="People are created from the assertion when they first sign on.",
    )
    display_name_attribute = _attribute("User Display Name Attribute")
    group_name_attribute = _attribute("Group Name Attribute")
    department_name_attribute = _attribute("Department Name Attribute")
    scim = forms.BooleanField(
        label=SWITCH,
        required=False,
        widget=_switch(),
        help_text="The identity provider creates, changes and disables people here.",
    )

    def __init__(
        self,
        data: QueryDict | None = None,
        files: MultiValueDict[str, UploadedFile[Any]] | None = None,
        *,
        organization: Organization,
        initial: dict[str, Any] | None = None,
        read_only: bool = False,
    ) -> None:
        super().__init__(data, files, initial=initial, label_suffix="")
        self.organization = organization
        for field in self.fields.values():
            field.disabled = read_only

    def clean_certificate(self) -> str:
        """Return the certificate as PEM text; empty when none was uploaded."""
        upload = self.cleaned_data.get("certificate")
        if not isinstance(upload, UploadedFile):
            return ""
        if (upload.size or 0) > UPLOAD_LIMIT:
            raise ValidationError(TOO_LARGE)
        return read_certificate(upload.read()).pem

    def clean(self) -> None:
        self._settle_frequency()
        self._refuse_impossible_provisioning()
        self._ask_for_attributes()

    def _settle_frequency(self) -> None:
        """Days belong to Custom only; what stands in the hidden field does not count."""
        name = "custom_frequency_days"
        chosen = self.cleaned_data.get("authentication_frequency")
        if chosen != AuthenticationSettings.Frequency.CUSTOM:
            self.errors.pop(name, None)
            self.cleaned_data[name] = None
        elif name not in self.errors and self.cleaned_data.get(name) is None:
            self.add_error(name, FREQUENCY_RANGE)

    def _refuse_impossible_provisioning(self) -> None:
        chosen = self.cleaned_data
        needed = ("authentication_type", "user_repository_type")
        if not chosen.get("scim") or any(name not in chosen for name in needed):
            return
        try:
            check_provisioning(self.organization, *(chosen[name] for name in needed))
        except ValidationError as reasons:
            self.add_error(None, reasons)

    def _ask_for_attributes(self) -> None:
        if not self.cleaned_data.get("auto_provisioning"):
            return
        for name in MAPPED_ATTRIBUTES:
            if self.cleaned_data.get(name) == "":
                self.add_error(
                    name, "Name the attribute, or switch auto-provisioning off."
                )

    @property
    def profile(self) -> dict[str, Any]:
        """The settings of AuthenticationSettings."""
        return {
            name: self.cleaned_data[name]
            for name in AuthenticationSettings.setting_names()
        }

    @property
    def saml(self) -> dict[str, Any]:
        """The settings of SamlConfiguration; the certificate only when uploaded."""
        values = {name: self.cleaned_data[name] for name in _saml_names()}
        if not values["certificate"]:
            del values["certificate"]
        return values

    @property
    def file_name_hint(self) -> str:
        """The vendor's rule for file names, told and not enforced; empty when kept."""
        upload = self.files.get("certificate")
        name = getattr(upload, "name", None) or ""
        if name.count(".") < 2:
            return ""
        return (
            f"“{name[:100]}” was accepted. Zscaler takes a certificate only when its "
            "file name has no dot but the one before pem: rename it there."
        )

    @property
    def has_window_errors(self) -> bool:
        """Whether a field of the window Configure SAML has to be corrected."""
        return any(
            name not in AuthenticationSettings.setting_names() for name in self.errors
        )


def _saml_names() -> list[str]:
    """The settings of SamlConfiguration that the window has a field for."""
    fields = AuthenticationSettingsForm.base_fields
    return [name for name in SamlConfiguration.setting_names() if name in fields]


def stored_values(
    staged: AuthenticationSettings,
    saml: SamlConfiguration,
    connection: ProvisioningConnection | None,
) -> dict[str, Any]:
    """Return the form's initial values: what Save stored last."""
    names = [name for name in _saml_names() if name != "certificate"]
    return {
        **staged.values(),
        **{name: getattr(saml, name) for name in names},
        "scim": connection is not None and connection.enabled,
    }


def unsaved_values(request: HttpRequest) -> dict[str, Any]:
    """Return what the browser posted, as typed, to be shown again without judgement."""
    return {
        name: field.widget.value_from_datadict(request.POST, request.FILES, name)
        for name, field in AuthenticationSettingsForm.base_fields.items()
        if name != "certificate"
    }
