"""Addresses inside User Management."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse


@dataclass(frozen=True)
class Link:
    text: str
    url: str


def list_url(model_name: str) -> str:
    """Return the address of the list of *model_name*."""
    return reverse(f"admin:scim_{model_name}_changelist")


def page_url(model_name: str, key: int) -> str:
    """Return the address of the page of the row *key* of *model_name*."""
    return reverse(f"admin:scim_{model_name}_change", args=[key])
