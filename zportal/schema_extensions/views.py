"""The tab Schema Extensions of Authentication Settings: attributes of one's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST, require_safe

from scim.extensions import (
    MAX_ATTRIBUTES,
    MAX_EXTENSIONS,
    ExtensionAttribute,
    SchemaExtension,
    named,
)
from zportal.frame.access import administrator_of, organization_of
from zportal.frame.middleware import client_ip
from zportal.frame.page import authentication_tabs, page_context
from zportal.schema_extensions import services
from zportal.schema_extensions.forms import (
    AttributeForm,
    ChangeForm,
    DescriptionForm,
    ExtensionForm,
    NamedForm,
    RemoveAttributeForm,
)

PAGE = "admin:schema_extensions"

GONE = "There is no such extension or attribute any more."

ENTRA_TYPES = {
    "string": "String",
    "boolean": "Boolean",
    # Entra offers no decimal; the service reads one out of a string.
    "decimal": "String",
    "integer": "Integer",
    "dateTime": "DateTime",
    "reference": "Reference",
    "binary": "Binary",
}
"""The types of Entra's attribute list."""


def urls(admin_view: Callable[..., Any]) -> list[URLPattern]:
    root = "administration/authentication-settings/schema-extensions/"
    return [
        path(root, admin_view(schema_extensions), name="schema_extensions"),
        *(
            path(
                f"{root}{view.__name__.replace('_', '-')}/",
                admin_view(view),
                name=view.__name__,
            )
            for view in (
                add_extension,
                describe_extension,
                remove_extension,
                add_attribute,
                change_attribute,
                remove_attribute,
            )
        ),
    ]


@dataclass(frozen=True)
class AttributeRow:
    attribute: ExtensionAttribute
    whole_name: str
    entra_type: str
    form: ChangeForm


@dataclass(frozen=True)
class ExtensionCard:
    extension: SchemaExtension
    rows: list[AttributeRow]
    new: AttributeForm
    description: DescriptionForm
    is_full: bool


@require_safe
def schema_extensions(request: HttpRequest) -> HttpResponse:
    return _page(request)


@require_POST
def add_extension(request: HttpRequest) -> HttpResponse:
    caller = _caller(request)
    form = ExtensionForm(request.POST)
    if not form.is_valid():
        return _page(request, new_extension=form)
    try:
        added = services.add_extension(**caller, **form.cleaned_data)
    except ValidationError as reason:
        form.add_error("name", reason)
        return _page(request, new_extension=form)
    return _done(request, added, f"{added.name} is declared. Add its attributes.")


@require_POST
def add_attribute(request: HttpRequest) -> HttpResponse:
    caller = _caller(request)
    extensions = organization_of(request).extensions
    extension = named(extensions, request.POST.get("extension", ""))
    if extension is None:
        return _refused(request, GONE)
    form = AttributeForm(request.POST, extension=extension.name)
    if not form.is_valid():
        return _page(request, new_attribute=form)
    try:
        extended = services.add_attribute(
            **caller, extension=extension.name, attribute=form.attribute
        )
    except ValidationError as reason:
        form.add_error("name", reason)
        return _page(request, new_attribute=form)
    return _done(
        request, extended, f"{form.attribute.name} is in force with the next call."
    )


@require_POST
def describe_extension(request: HttpRequest) -> HttpResponse:
    def save(caller: dict[str, Any], given: dict[str, Any]) -> SchemaExtension:
        return services.describe_extension(
            **caller, name=given["extension"], description=given["description"]
        )

    return _changed(request, DescriptionForm(request.POST), save, "Saved.")


@require_POST
def change_attribute(request: HttpRequest) -> HttpResponse:
    form = ChangeForm(request.POST)

    def save(caller: dict[str, Any], given: dict[str, Any]) -> SchemaExtension:
        return services.change_attribute(
            **caller,
            extension=given["extension"],
            attribute=form.attribute,
            seen=given["seen"],
        )

    return _changed(request, form, save, "Saved, and in force with the next call.")


@require_POST
def remove_extension(request: HttpRequest) -> HttpResponse:
    def remove(caller: dict[str, Any], given: dict[str, Any]) -> None:
        if services.remove_extension(**caller, name=given["extension"]) is None:
            raise ValidationError(GONE)

    return _changed(
        request, NamedForm(request.POST), remove, "The extension is removed."
    )


@require_POST
def remove_attribute(request: HttpRequest) -> HttpResponse:
    def remove(caller: dict[str, Any], given: dict[str, Any]) -> None:
        if services.remove_attribute(**caller, **given) is None:
            raise ValidationError(GONE)

    form = RemoveAttributeForm(request.POST)
    return _changed(request, form, remove, "The attribute is removed.")


def _caller(request: HttpRequest) -> dict[str, Any]:
    """Return who changes something, for the services."""
    administrator = administrator_of(request)
    if not administrator.may_change:
        raise PermissionDenied
    return {"administrator": administrator, "client_ip": client_ip(request)}


def _changed(
    request: HttpRequest,
    form: forms.Form,
    change: Callable[[dict[str, Any], dict[str, Any]], SchemaExtension | None],
    words: str,
) -> HttpResponse:
    """Carry out *change* with the caller and what the form holds, and say how it went."""
    caller = _caller(request)
    if not form.is_valid():
        return _refused(request, _reasons(form))
    try:
        changed = change(caller, form.cleaned_data)
    except ValidationError as reason:
        return _refused(request, " ".join(reason.messages))
    return _done(request, changed, words)


def _reasons(form: forms.Form) -> str:
    """Say what is wrong with a form that has no place on the page for it."""
    reasons = [
        f"{form[name].label}: {' '.join(map(str, errors))}"
        for name, errors in form.errors.items()
        if not form[name].is_hidden
    ]
    return " ".join(reasons) or GONE


def _done(
    request: HttpRequest, extension: SchemaExtension | None, words: str
) -> HttpResponse:
    messages.success(request, words)
    anchor = f"#extension-{extension.name}" if extension else ""
    return redirect(f"{reverse(PAGE)}{anchor}")


def _refused(request: HttpRequest, words: str) -> HttpResponse:
    messages.error(request, f"Nothing was changed. {words}")
    return redirect(PAGE)


def _page(
    request: HttpRequest,
    *,
    new_extension: ExtensionForm | None = None,
    new_attribute: AttributeForm | None = None,
) -> HttpResponse:
    administrator = administrator_of(request)
    extensions = organization_of(request).extensions
    context = {
        **page_context(title="Authentication Settings", tabs=authentication_tabs(PAGE)),
        "may_change": administrator.may_change,
        "cards": [_card(extension, new_attribute) for extension in extensions],
        "new_extension": new_extension or ExtensionForm(),
        "is_full": len(extensions) >= MAX_EXTENSIONS,
        "most": MAX_EXTENSIONS,
        "most_attributes": MAX_ATTRIBUTES,
    }
    return render(request, "schema_extensions/page.html", context)


def _card(extension: SchemaExtension, filled_in: AttributeForm | None) -> ExtensionCard:
    is_mine = filled_in is not None and filled_in.belongs_to == extension.name
    return ExtensionCard(
        extension=extension,
        rows=[
            AttributeRow(
                attribute=attribute,
                whole_name=f"{extension.urn}:{attribute.name}",
                entra_type=ENTRA_TYPES[attribute.type],
                form=ChangeForm.of(extension.name, attribute),
            )
            for attribute in extension.attributes
        ],
        new=filled_in
        if filled_in and is_mine
        else AttributeForm(extension=extension.name),
        description=DescriptionForm.of(extension),
        is_full=len(extension.attributes) >= MAX_ATTRIBUTES,
    )
