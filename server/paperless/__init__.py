"""The interface of paperless-ngx, spoken for the scanning apps and clients that know it: docs/paperless.md.

Written from its published description and from what clients ask; one module a noun. Our own interface is /api/v1.
"""

from __future__ import annotations

import re

from flask import Flask, Response, json, request
from werkzeug.exceptions import NotAcceptable

PREFIX = "/api"
SPOKEN = 9
"""The version of the interface that is spoken; older ones differ from it only in what `created` looks like."""
LIKE = "2.20.0"
"""The release of paperless-ngx whose answers ours are like: apps choose by it what they dare to ask."""
_VERSION = re.compile(r";\s*version=(\d{1,4})")


def init_app(app: Flask) -> None:
    """Register every noun; what is said of errors under its addresses is said as these clients read it."""
    from server.paperless import (
        about,
        changing,
        documents,
        files,
        labels,
        lists,
        people,
        searching,
        tasks,
        tokens,
        uploads,
    )

    for noun in (about, changing, documents, files, labels, lists, people, searching, tasks, tokens, uploads):
        app.register_blueprint(noun.api, url_prefix=PREFIX)
    app.before_request(refuse_versions)
    app.after_request(speak)


def is_ours() -> bool:
    """Whether this address is of the other archive's interface."""
    return request.path.startswith(f"{PREFIX}/") and not request.path.startswith(f"{PREFIX}/v1/")


def version() -> int:
    """The version of the interface that this client asks for."""
    asked = _VERSION.search(request.headers.get("Accept", ""))
    return int(asked[1]) if asked else SPOKEN


def refuse_versions() -> None:
    """406 for a version that is not spoken, as clients expect who try the newest first."""
    if is_ours() and not 1 <= version() <= SPOKEN:
        raise NotAcceptable


def speak(answer: Response) -> Response:
    """The headers by which clients know whom they talk to; an error is one sentence under `detail`."""
    if not is_ours():
        return answer
    answer.headers["X-Api-Version"], answer.headers["X-Version"] = str(SPOKEN), LIKE
    if answer.mimetype == "application/problem+json":
        said = answer.get_json()
        answer.status_code = 400 if answer.status_code == 422 else answer.status_code
        answer.mimetype = "application/json"
        answer.data = json.dumps({"detail": said["detail"]})
    return answer
