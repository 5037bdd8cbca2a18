"""Importing the metadata of an identity provider: a file, or pasted XML."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile

from zportal.saml.idp_metadata import (
    LARGEST,
    TOO_LARGE,
    IdpMetadata,
    read_idp_metadata,
)

NEITHER = "Choose a file or paste the XML."
BOTH = "Give the file or the pasted XML, not both."


class IdpMetadataForm(forms.Form):
    """After is_valid, ``metadata`` is what was read."""

    file = forms.FileField(
        label="Federation Metadata XML",
        required=False,
        widget=forms.FileInput(attrs={"class": "input", "accept": ".xml"}),
        error_messages={"empty": "The file is empty. Download the metadata again."},
    )
    text = forms.CharField(
        label="or paste it",
        required=False,
        max_length=LARGEST,
        widget=forms.Textarea(
            attrs={"class": "input", "rows": 4, "spellcheck": "false"}
        ),
    )

    def __init__(self, data: Any = None, files: Any = None) -> None:
        super().__init__(data, files, label_suffix="")

    def clean(self) -> None:
        file, text = self.cleaned_data.get("file"), self.cleaned_data.get("text")
        if self.errors:
            return
        if bool(file) == bool(text):
            raise ValidationError(BOTH if file else NEITHER)
        name = "file" if file else "text"
        try:
            self.cleaned_data["metadata"] = read_idp_metadata(_content(file, text))
        except ValidationError as reason:
            self.add_error(name, reason)

    @property
    def metadata(self) -> IdpMetadata:
        found: IdpMetadata = self.cleaned_data["metadata"]
        return found


def _content(file: object, text: str | None) -> bytes:
    if not isinstance(file, UploadedFile):
        return (text or "").strip().encode()
    if (file.size or 0) > LARGEST:
        raise ValidationError(TOO_LARGE)
    content: bytes = file.read()
    return content
