"""What is said of requests that do not fit, whatever bytes they are made of."""

from __future__ import annotations

import json

from fastapi import FastAPI, Request, Response
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError


def explain_invalid_requests(app: FastAPI) -> None:
    """Answer 422 with where a request does not fit and why, without the request itself.

    FastAPI's own answer repeats it, and fails where JSON cannot: at bytes that are no UTF-8, half a character, or no
    number.
    """
    app.add_exception_handler(RequestValidationError, _explained)


async def _explained(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = [{name: value for name, value in fault.items() if name != "input"} for fault in error.errors()]
    # in ASCII, as the names of what does not fit come from the request, too
    return Response(json.dumps({"detail": jsonable_encoder(faults)}), 422, media_type="application/json")
