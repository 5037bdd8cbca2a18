"""One table of errors: what went wrong, the answer's status, scimType and sentence.

Every refusal of the service is a ScimError; ``translate`` turns what libraries and the
database raise into one. The body is RFC 7644 section 3.12: ``status`` as a string,
``detail`` one sentence that says what to change. Text of the database never leaves.
"""

from __future__ import annotations

import logging
import re
from typing import Any, ClassVar

import scim2_models
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import DataError, Error, IntegrityError, InterfaceError, OperationalError
from django_scim.constants import SchemaURI
from pydantic import ValidationError

from scim.db.database_errors import broken_constraint, is_conflict, passes

logger = logging.getLogger(__name__)


class ScimError(Exception):
    """A refusal. Sections are of RFC 7644 unless another RFC is named."""

    status: ClassVar[int] = 400
    scim_type: ClassVar[str] = ""
    sentence: ClassVar[str] = "The request cannot be carried out."
    section: ClassVar[str] = "3.12"

    def __init__(self, detail: str = "") -> None:
        self.detail = detail or self.sentence
        super().__init__(self.detail)

    @property
    def headers(self) -> dict[str, str]:
        return {}

    def body(self) -> dict[str, Any]:
        body = {
            "schemas": [SchemaURI.ERROR],
            "status": str(self.status),
            "detail": self.detail,
        }
        return body | ({"scimType": self.scim_type} if self.scim_type else {})


class InvalidSyntax(ScimError):
    scim_type = "invalidSyntax"
    sentence = "The body is not the JSON object that this call takes."


class InvalidValue(ScimError):
    scim_type = "invalidValue"
    sentence = "A value is missing or does not fit its attribute."


class InvalidFilter(ScimError):
    scim_type = "invalidFilter"
    sentence = "The filter cannot be read, or compares what cannot be compared."
    section = "3.4.2.2"


class TooMany(ScimError):
    scim_type = "tooMany"
    sentence = "The search asks for more work than this service does for one call."
    section = "3.4.2.2, 3.12"


class InvalidPath(ScimError):
    scim_type = "invalidPath"
    sentence = "The path of the operation names nothing that can be changed."
    section = "3.5.2"


class NoTarget(ScimError):
    scim_type = "noTarget"
    sentence = "The path of the operation selects nothing."
    section = "3.5.2"


class Mutability(ScimError):
    scim_type = "mutability"
    sentence = "The attribute is read-only, or may not become unassigned."
    section = "3.5.2"


class InvalidCursor(ScimError):
    scim_type = "invalidCursor"
    sentence = (
        "The cursor is none that this service gave for this query. Begin with an empty "
        "cursor, and change nothing but the cursor from page to page."
    )
    section = "RFC 9865 section 2.1"


class InvalidCount(ScimError):
    scim_type = "invalidCount"
    sentence = "count must stay what it was on the first page of the query."
    section = "RFC 9865 section 2.1"


class Unauthorized(ScimError):
    """Always the same body, so that nothing tells which part of the address exists."""

    status = 401
    sentence = (
        "The bearer token is missing or not valid for this Base URL. Copy Base URL and "
        "Bearer Token from Configure SAML into the client."
    )
    section = "2; RFC 6750 section 3"

    def __init__(self, reason: str = "") -> None:
        """*reason* is for the event log only; the client never sees it."""
        super().__init__()
        self.reason = reason

    @property
    def headers(self) -> dict[str, str]:
        return {"WWW-Authenticate": 'Bearer realm="scim"'}


class WrongHost(ScimError):
    sentence = (
        "The service does not answer under this host name. Copy the Base URL from "
        "Configure SAML, or add the name to ALLOWED_HOSTS."
    )
    section = "3; RFC 9110 section 7.2"


class Forbidden(ScimError):
    status = 403
    sentence = "This is not permitted."


class NotFound(ScimError):
    status = 404
    sentence = "There is no such resource or endpoint."


class MethodNotAllowed(ScimError):
    status = 405
    section = "3.2; RFC 9110 section 15.5.6"

    def __init__(self, method: str, allowed: list[str]) -> None:
        self.allowed = allowed
        super().__init__(
            f"{method} is not possible here. This address takes {', '.join(allowed)}."
        )

    @property
    def headers(self) -> dict[str, str]:
        return {"Allow": ", ".join(self.allowed)}


class RequestTimeout(ScimError):
    status = 408
    sentence = "The body did not arrive in time. Send it again, in one go."
    section = "3.12; RFC 9110 section 15.5.9"


class Conflict(ScimError):
    status = 409
    scim_type = "uniqueness"
    sentence = "Another resource of the organization already has this name."
    section = "3.3"


class Unresolved(ScimError):
    """A reference of a Bulk to a resource that it did not make."""

    status = 409
    section = "3.7.1"


class PreconditionFailed(ScimError):
    status = 412
    sentence = (
        "The resource is not, or no longer, the version that If-Match names. Read it "
        "again, then repeat the change on what it is now."
    )
    section = "3.14; RFC 9110 section 13"


class TooLarge(ScimError):
    status = 413
    sentence = "The body is larger than this service takes."
    section = "3.12"


class UnsupportedMediaType(ScimError):
    status = 415
    sentence = (
        "The body must be sent with Content-Type application/scim+json "
        "or application/json."
    )
    section = "3.1; RFC 9110 section 15.5.16"


class TooManyRequests(ScimError):
    status = 429
    sentence = (
        "More requests a second than this organization takes. Wait a second, then "
        "repeat; the limit is set in Authentication Settings > Advanced."
    )
    section = "3.12; RFC 6585 section 4"

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": "1"}


class NotSupported(ScimError):
    status = 501
    sentence = "This service does not offer the operation; see ServiceProviderConfig."


class Unavailable(ScimError):
    status = 503
    sentence = "The directory is busy or out of reach for a moment. Try again."

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": "1"}


class Unexpected(ScimError):
    status = 500
    sentence = "The service failed on this request. Its log says why."


_BY_SCIM_TYPE: dict[str, type[ScimError]] = {
    error.scim_type: error
    for error in (
        InvalidSyntax,
        InvalidValue,
        InvalidFilter,
        InvalidPath,
        NoTarget,
        Mutability,
        InvalidCursor,
        InvalidCount,
        Conflict,
    )
}

_SENTENCES = {
    "string_type": "{path} must be a string.",
    "bool_type": "{path} must be true or false.",
    "bool_parsing": "{path} must be true or false.",
    "list_type": "{path} must be an array.",
    "model_type": "{path} must be an object.",
    "dict_type": "{path} must be an object.",
    "missing": "{path} is required.",
    "primary_uniqueness_error": "At most one value of an attribute can be primary.",
}
"""Sentences for the types of pydantic's errors that a client can cause."""

_USER_NAME_TAKEN = (
    "userName is taken by another user of the organization (letter case aside)."
)
_GROUP_NAME_TAKEN = (
    "displayName is taken by another group of the organization (letter case aside)."
)
_TAKEN = {
    "scim_user_name_unique": _USER_NAME_TAKEN,
    "scim_directoryuser.organization_id, scim_directoryuser.user_name_key": (
        _USER_NAME_TAKEN
    ),
    "scim_group_name_unique": _GROUP_NAME_TAKEN,
    "scim_directorygroup.organization_id, scim_directorygroup.display_name_key": (
        _GROUP_NAME_TAKEN
    ),
}
"""Which name is taken, by the constraint as PostgreSQL names it and SQLite lists it."""


def translate(exc: Exception) -> ScimError:
    """Return the refusal that *exc* stands for; what nobody foresaw is a logged 500."""
    match exc:
        case ScimError():
            return exc
        case ValidationError():
            return _from_validation(exc)
        case scim2_models.SCIMException():
            return _BY_SCIM_TYPE.get(exc.scim_type, InvalidValue)(_sentence(exc))
        case RequestDataTooBig():
            return TooLarge()
        case SuspiciousOperation():
            # Django's own limits, such as 1,000 parameters in a query.
            return ScimError("The request has more parts than this service takes.")
        case RecursionError():
            return InvalidSyntax("The request is nested too deeply.")
        case Error():
            return _from_database(exc)
    logger.error("A SCIM request failed.", exc_info=exc)
    return Unexpected()


def _from_database(exc: Error) -> ScimError:
    if is_conflict(exc):
        return Conflict(_TAKEN.get(broken_constraint(exc), ""))
    if isinstance(exc, DataError | IntegrityError) and not passes(exc):
        # The same call would meet the same: a client must not be told to repeat it.
        logger.error(
            "The database cannot store what a SCIM request says.", exc_info=exc
        )
        return Unexpected()
    # Away, locked or full is nobody's mistake: one line, not where in the code it was.
    is_trouble = isinstance(exc, OperationalError | InterfaceError)
    logger.error(
        "The database refused a SCIM request: %s",
        exc,
        exc_info=None if is_trouble else exc,
    )
    return Unavailable()


def _from_validation(exc: ValidationError, subject: str = "The body") -> ScimError:
    first = exc.errors(include_url=False, include_input=False)[0]
    error = scim2_models.Error.from_validation_error(first)
    path = ".".join(_camel_case(str(part)) for part in first["loc"]).replace("`", "")
    sentence = _SENTENCES.get(first["type"], "")
    if first["type"] == "required_error":
        sentence = f"{first['msg'].rstrip('.')}."
    if sentence:
        detail = sentence.format(path=path or subject)
    else:
        detail = _introduced(error.scim_type, error.detail or "")
    return _BY_SCIM_TYPE.get(error.scim_type or "", InvalidValue)(detail)


def _camel_case(name: str) -> str:
    """Return a Python name as the attribute is written; PATCH reports the former."""
    return re.sub(r"_(\w)", lambda found: found[1].upper(), name)


_SUBJECTS = {"invalidFilter": "The value in the filter"}

_INTRODUCTIONS = {
    "invalidFilter": "The filter cannot be used: {}.",
    "invalidPath": "The path cannot be used: {}.",
}


def _sentence(exc: scim2_models.SCIMException) -> str:
    """Return the library's message, without what pydantic appends: inputs and a link."""
    cause: BaseException | None = exc
    while cause is not None:
        if isinstance(cause, ValidationError):
            return _from_validation(
                cause, _SUBJECTS.get(exc.scim_type, "The value")
            ).detail
        cause = cause.__cause__
    return _introduced(exc.scim_type, str(exc).splitlines()[0])


def _introduced(scim_type: str | None, message: str) -> str:
    introduction = _INTRODUCTIONS.get(scim_type or "", "{}.")
    text = introduction.format(message.rstrip("."))
    return text[:1].upper() + text[1:] if text[:1].islower() else text
