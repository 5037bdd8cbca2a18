"""A Bulk request (RFC 7644 section 3.7): its operations, their order and references.

Nothing is carried out here; scim.http.bulk does that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from scim.errors import InvalidSyntax, InvalidValue, TooLarge
from scim.resources.client_quirks import lookup

Document = dict[str, Any]

BULK_REQUEST = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
BULK_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"

MAX_OPERATIONS = 1_000
MAX_BYTES = 4 * 1024 * 1024
"""1,000 users with every attribute of Microsoft's validators are 3 MB."""

MAX_SECONDS = 30
"""When no further operation is begun; clients and proxies wait for a minute."""

METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})
REFERENCE = "bulkId:"


def max_payload() -> int:
    """Return maxPayloadSize, in bytes."""
    return min(MAX_BYTES, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)


def payload_too_large() -> TooLarge:
    return TooLarge(
        f"A Bulk takes at most {max_payload():,} bytes (maxPayloadSize). Send its "
        "operations in several requests."
    )


@dataclass(frozen=True)
class Operation:
    """One operation as it was sent: each part may be of any type until checked."""

    method: Any
    path: Any
    bulk_id: Any
    version: Any
    data: Any

    @classmethod
    def of(cls, sent: Document) -> Operation:
        names = ("method", "path", "bulkid", "version", "data")
        return cls(*(lookup(sent, name) for name in names))

    @property
    def creates(self) -> str | None:
        """The bulkId that others may refer to."""
        named = self.method == "POST" and isinstance(self.bulk_id, str)
        return self.bulk_id if named and self.bulk_id else None

    def check(self) -> None:
        """Raise InvalidValue for what is missing or of a wrong type."""
        if not isinstance(self.method, str) or self.method not in METHODS:
            raise InvalidValue("method must be POST, PUT, PATCH or DELETE.")
        if not isinstance(self.path, str) or not self.path.startswith("/"):
            raise InvalidValue(
                "path must be the address of a resource type or a resource below the "
                "Base URL, such as /Users or /Users/<id>."
            )
        if self.bulk_id is not None and not isinstance(self.bulk_id, str):
            raise InvalidValue("bulkId must be a string.")
        if self.method == "POST" and not self.bulk_id:
            raise InvalidValue("A POST needs a bulkId, which names it in the answer.")
        if self.version is not None and not isinstance(self.version, str):
            raise InvalidValue("version must be a string.")
        if self.method != "DELETE" and not isinstance(self.data, dict):
            raise InvalidValue(f"A {self.method} needs data, a JSON object.")


@dataclass(frozen=True)
class Step:
    """An operation when it is its turn."""

    index: int
    """Which one, in the order of the request."""

    later: frozenset[str]
    """The bulkIds it refers to whose creation has to come later: a circle."""


class Plan:
    """The operations of a Bulk and the order in which they run.

    That of the request, but a POST comes before the first operation that refers to it
    (RFC 7644 section 3.7.2). Of circular references one has to be postponed.
    """

    def __init__(self, operations: list[Operation]) -> None:
        self.operations = operations
        self.creations: dict[str, int] = {}
        """bulkId to the POST that it names, the first one of those that share it."""
        for index, operation in enumerate(operations):
            if operation.creates is not None:
                self.creations.setdefault(operation.creates, index)
        self.references = [_all_references(each) for each in operations]
        self.steps = list(self._steps())
        self._position = {step.index: at for at, step in enumerate(self.steps)}

    def creations_with(self, name: str) -> list[int]:
        """Return the creations that refer to *name*."""
        return [
            index for index in self.creations.values() if name in self.references[index]
        ]

    def last_of(self, names: Iterable[str]) -> int:
        """Return which creation among those of the *names* runs last."""
        return max(
            (self.creations[name] for name in names), key=self._position.__getitem__
        )

    def _steps(self) -> Iterator[Step]:
        """Walk depth first, without recursion: 1,000 may refer to each other in a row."""
        before = [
            [self.creations[name] for name in names if name in self.creations]
            for names in self.references
        ]
        begun: set[int] = set()
        done: set[int] = set()
        for first in range(len(self.operations)):
            stack = [] if first in begun else [first]
            while stack:
                index = stack[-1]
                begun.add(index)
                new = next((each for each in before[index] if each not in begun), None)
                if new is not None:
                    stack.append(new)
                    continue
                done.add(stack.pop())
                yield Step(index, self._later(index, done))

    def _later(self, index: int, done: set[int]) -> frozenset[str]:
        return frozenset(
            name
            for name in self.references[index]
            if (made_by := self.creations.get(name)) is not None
            and (made_by not in done or made_by == index)
        )


@dataclass(frozen=True)
class Job:
    """A Bulk request."""

    plan: Plan
    most_errors: int | None
    """After how many errors no further operation is carried out (failOnErrors)."""

    @classmethod
    def of(cls, body: Document) -> Job:
        """Read a BulkRequest; what is wrong with one operation is that one's matter.

        Raises InvalidSyntax, InvalidValue, or TooLarge for too many operations.
        """
        schemas = lookup(body, "schemas")
        if not isinstance(schemas, list) or BULK_REQUEST not in schemas:
            raise InvalidSyntax(f"schemas of a Bulk must hold {BULK_REQUEST}.")
        sent = lookup(body, "operations")
        if not isinstance(sent, list) or not sent:
            raise InvalidSyntax("A Bulk needs Operations, an array of at least one.")
        if len(sent) > MAX_OPERATIONS:
            raise TooLarge(
                f"A Bulk takes at most {MAX_OPERATIONS:,} operations (maxOperations), "
                f"and this one has {len(sent):,}. Send the rest in another one."
            )
        if not all(isinstance(operation, dict) for operation in sent):
            raise InvalidSyntax("Each entry of Operations must be an object.")
        most = lookup(body, "failonerrors")
        if most is not None and (type(most) is not int or most < 0):
            raise InvalidValue("failOnErrors must be a whole number.")
        return cls(Plan([Operation.of(operation) for operation in sent]), most)


# ------------------------------------------------------------------------- references


def _all_references(operation: Operation) -> dict[str, None]:
    """Return the bulkIds that path and data refer to, each once, in their order."""
    found = dict.fromkeys(references(operation.data))
    if isinstance(operation.path, str):
        found |= dict.fromkeys(references(operation.path.split("/")))
    return found


def references(value: Any) -> Iterator[str]:
    """Yield x of every string in *value* that is ``bulkId:x``."""
    if isinstance(value, str):
        if value.startswith(REFERENCE):
            yield value.removeprefix(REFERENCE)
    elif isinstance(value, dict):
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def resolved(value: Any, id_of: Callable[[str], str]) -> Any:
    """Return *value* with the id in the place of every reference."""
    if isinstance(value, str) and value.startswith(REFERENCE):
        return id_of(value.removeprefix(REFERENCE))
    if isinstance(value, dict):
        return {key: resolved(item, id_of) for key, item in value.items()}
    if isinstance(value, list):
        return [resolved(item, id_of) for item in value]
    return value


def parted(value: Any, later: frozenset[str]) -> tuple[Any, Any]:
    """Return *value* without the references to *later*, and what was left out of it.

    Either is None when nothing is left. A manager or member goes as a whole.
    """
    if isinstance(value, str):
        refers = value.startswith(REFERENCE) and value[len(REFERENCE) :] in later
        return (None, value) if refers else (value, None)
    if isinstance(value, list):
        parts = [parted(item, later) for item in value]
        kept = [part for part, _ in parts if part is not None]
        return kept, [part for _, part in parts if part is not None] or None
    if not isinstance(value, dict):
        return value, None
    pairs = {key: parted(item, later) for key, item in value.items()}
    if any(key.lower() == "value" and pairs[key][1] is not None for key in pairs):
        return None, value
    left = {key: part for key, (_, part) in pairs.items() if part is not None}
    return {key: part for key, (part, _) in pairs.items()}, left or None
