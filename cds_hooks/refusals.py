"""One table from errors to HTTP; every refusal is an OperationOutcome (CH-42)."""

import json
import logging

from flask import Blueprint, Response, request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from cds_hooks.errors import MalformedRequest, NotEnoughData, NotJson
from ehr.errors import (
    AccessExpired,
    EhrRefused,
    EhrUnreachable,
    JsonRefused,
    KeysUnavailable,
    TokenRefused,
    UnknownIssuer,
    UnsafeAnswer,
)
from vault.errors import AlreadyUsed, VaultUnavailable

log = logging.getLogger("rom.cds_hooks")

# Error -> (status, what the caller hears). One sentence per status: a refused token
# must not learn why.
REFUSALS: dict[type[Exception], tuple[int, str]] = {
    UnknownIssuer: (404, "No such service."),
    MalformedRequest: (400, "The request is malformed at {}."),
    JsonRefused: (400, "The request is malformed at {}."),
    NotJson: (415, "The body must be application/json."),
    RequestEntityTooLarge: (413, "The body is too large."),
    TokenRefused: (401, "A valid signed token of a registered caller is needed."),
    AlreadyUsed: (401, "A valid signed token of a registered caller is needed."),
    NotEnoughData: (412, "Data are missing: prefetch {} was not sent."),
    EhrUnreachable: (412, "The chart could not be read in time."),
    EhrRefused: (412, "The chart could not be read."),
    AccessExpired: (412, "The chart could not be read."),
    UnsafeAnswer: (412, "The chart could not be read."),
    KeysUnavailable: (503, "The caller's keys cannot be had now. Try again."),
    VaultUnavailable: (503, "Not available now. Try again."),
    # A body cut off by the client, and the like.
    BadRequest: (400, "The request is malformed."),
}
ISSUE_CODES = {401: "login", 404: "not-found", 413: "too-long", 503: "transient"}


def add_refusals(blueprint: Blueprint) -> None:
    """Turn every error of the table into its answer."""
    for error in REFUSALS:
        blueprint.register_error_handler(error, _refusal)


def _refusal(error: Exception) -> Response:
    """An OperationOutcome without patient data; the cause goes to the log."""
    kind = next(each for each in REFUSALS if isinstance(error, each))
    status, text = REFUSALS[kind]
    log.warning(
        "refused",
        extra={
            "fields": {
                "event": "hook refused",
                "status": status,
                "cause": getattr(error, "cause", None) or kind.__name__,
                "route": request.endpoint,
            }
        },
    )
    outcome = {
        "resourceType": "OperationOutcome",
        "issue": [
            {
                "severity": "error",
                "code": ISSUE_CODES.get(status, "processing"),
                "diagnostics": text.format(_place(error)),
            }
        ],
    }
    response = Response(json.dumps(outcome), status, mimetype="application/fhir+json")
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if status == 503:
        response.headers["Retry-After"] = "5"
    return response


def _place(error: Exception) -> str:
    match error:
        case MalformedRequest(path=path):
            return str(path)
        case JsonRefused(place=place):
            return str(place)
        case NotEnoughData(key=key):
            return str(key)
        case _:
            return ""
