"""Addresses inside User Management."""

from __future__ import annotations

from collections.abc import Callable
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
    return page_urls(model_name)(key)


def page_urls(model_name: str) -> Callable[[int], str]:
    """Return what gives the address of a row's page; for a table with many links.

    The page is one segment below the list (DirectoryAdmin), and resolving hundreds of
    names took a fifth of the time of a list.
    """
    root = list_url(model_name)
    return lambda key: f"{root}{key}/"
