"""Where an office lies below a path of its own (`/so-y-te/…`): addresses in its answers begin with that path.

Pages and views say `/register` as if the office had the whole server; here, and only here, the path is put before it.
Jinja escapes quotes in whatever is written into a page, so what looks like an attribute is one.
"""

from __future__ import annotations

import re

from flask import Flask, Response, request

_ADDRESS = re.compile(
    r'(?P<attribute>\s(?:href|src|action|formaction|data-url|data-ready|hx-(?:get|post|put|patch|delete|push-url))=")'
    r"(?P<path>/(?!/)[^\"]*)"
)
HEADERS = ("Location", "Content-Location", "HX-Redirect", "HX-Location", "HX-Push-Url")


def init_app(app: Flask) -> None:
    """Look through every answer, where there is such a path."""
    app.after_request(put_below)


def below(path: str) -> str:
    """An address of ours as a browser must ask for it."""
    root = request.script_root
    return path if _is_below(path, root) else root + path


def _is_below(path: str, root: str) -> bool:
    """No page of ours begins like the path of an office (server/offices.py refuses such a slug)."""
    return path == root or path.startswith(f"{root}/")


def put_below(response: Response) -> Response:
    """The same answer, its own addresses below the path of the office."""
    if not request.script_root:
        return response
    for name in HEADERS:
        said = response.headers.get(name, "")
        if said.startswith("/") and not said.startswith("//"):
            response.headers[name] = below(said)
    if response.mimetype == "text/html" and not response.direct_passthrough:
        response.set_data(_ADDRESS.sub(_put, response.get_data(as_text=True)))
    return response


def _put(found: re.Match[str]) -> str:
    return found["attribute"] + below(found["path"])
