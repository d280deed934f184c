"""The JSON that an app sends."""

from __future__ import annotations

from typing import Any

from flask import request
from werkzeug.exceptions import BadRequest


def sent_json() -> Any:
    """Whatever it holds; BadRequest (400) for what is no JSON and for what is nested too deep to read."""
    try:
        return request.get_json()
    except (UnicodeDecodeError, RecursionError) as error:
        raise BadRequest from error
