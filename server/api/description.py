"""The OpenAPI of version 1, made from the shapes and the views; spectree describes, it validates nothing here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Blueprint, current_app, jsonify, request
from spectree import Response, SecurityScheme, SpecTree
from spectree.models import SecureType, SecuritySchemeData

from archive.office_files import FORMS
from archive.version import VERSION
from server.api.shapes import Problem

F = TypeVar("F", bound=Callable[..., Any])
api = Blueprint("api_description", __name__)
_spec = SpecTree(
    "flask",
    title="Văn Thư",
    version="1",
    description=f"Archive of incoming papers, release {VERSION}. Errors are RFC 9457 with a Vietnamese detail.",
    mode="strict",
    annotations=False,
    path="no-pages-of-its-own",
    page_templates={},
    validation_error_model=Problem,
    nested_naming_strategy=lambda _parent, child: child,
    naming_strategy=lambda model: model.__name__,
    security_schemes=[
        SecurityScheme(name="token", data=SecuritySchemeData(type=SecureType.HTTP, scheme="bearer")),
    ],
)
_ALWAYS = (401, 403, 503)
_FILES = {
    "original": ("application/pdf", "image/tiff", "image/jpeg", "image/png", "image/webp", "application/zip", *FORMS),
    "page_view": ("image/webp",),
    "pdf": ("application/pdf",),
    "edxml": ("application/xml",),
}
"""Views that answer with bytes."""
_TABLES = ("text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
_ALSO = {"get_metadata": _TABLES, "list_metadata": _TABLES}
"""What others give out beside JSON, when they are asked to."""


def described(
    *problems: int, ok: int = 200, answer: Any = None, query: Any = None, json: Any = None, **more: Any
) -> Callable[[F], F]:
    """Says what a view takes and answers: the shape of success, further successes (`also`), statuses of problems."""
    also: dict[int, Any] = more.pop("also", {})
    codes = {f"HTTP_{code}": Problem for code in (*_ALWAYS, *problems)}
    good = {f"HTTP_{code}": shape for code, shape in {ok: answer, **also}.items()}
    describe = _spec.validate(
        query=query, json=json, resp=Response(**good, **codes), skip_validation=True, security={"token": []},
        operation_id=more.pop("name", None), tags=more.pop("tags", ()),
    )  # fmt: skip

    def decorate(view: F) -> F:
        # spectree's own wrapper reads every answer into memory, files too: only what it noted is kept.
        _spec._function_metadata[view] = _spec._function_metadata[describe(view)]
        return view

    return decorate


@api.get("/openapi.json")
def openapi() -> Any:
    """This description; nobody needs to be known to read it."""
    if "openapi" not in current_app.extensions:
        _spec.app = current_app
        current_app.extensions["openapi"] = _finished(_spec._generate_spec())
    below = {"servers": [{"url": request.script_root}]} if request.script_root else {}
    return jsonify(current_app.extensions["openapi"] | below)


def _finished(spec: dict[str, Any]) -> dict[str, Any]:
    for methods in spec["paths"].values():
        for operation in methods.values():
            _finish(operation)
    return spec


def _finish(operation: dict[str, Any]) -> None:
    for code, answer in operation["responses"].items():
        content = answer.get("content", {})
        if int(code) >= 400 and "application/json" in content:
            answer["content"] = {"application/problem+json": content["application/json"]}
        if code == "200" and operation["operationId"] in _FILES:
            answer["content"] = {kind: {"schema": _BYTES} for kind in _FILES[operation["operationId"]]}
        if code == "200":
            answer["content"] |= {kind: {"schema": _BYTES} for kind in _ALSO.get(operation["operationId"], ())}
    if operation["operationId"] == "send_scan":
        operation["requestBody"] = _UPLOAD
    for name in _HEADERS.get(operation["operationId"], ()):
        operation["parameters"].append({"name": name, "in": "header", "required": False, "schema": {"type": "string"}})


_BYTES = {"type": "string", "format": "binary"}
_HEADERS = {
    "get_document": ("If-None-Match",), "get_metadata": ("If-None-Match",), "list_metadata": ("If-None-Match",),
    "correct_document": ("If-Match",),
}  # fmt: skip
_UPLOAD = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "properties": {
                    "file": {"type": "string", "format": "binary", "description": "PDF, picture, edXML or ZIP"},
                    "urgent": {"type": "string", "enum": ["0", "1"], "description": "1: before all others"},
                },
            }
        }
    },
}
