"""Signing in through a server of the province: OpenID Connect Core 1.0, code flow with PKCE, state and nonce.

Needs the extra `oidc` (joserfc), which checks the signature of the ID token. What the server says of a person beside
who it is (`sub`, a verified `email`) is not asked: roles are given here.
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import secrets
import time
import urllib.error
import urllib.request
from http.client import HTTPException
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit

from archive.config import Settings
from archive.errors import BadSettings, Forbidden, Transient

log = logging.getLogger(__name__)

SECONDS = 5.0
MOST_BYTES = 1 << 20
ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]
"""Signatures with a public key only: neither `none` nor one made with a shared secret."""
LEEWAY = 60
"""Seconds the clocks may differ."""
REMEMBERED = 3600.0
"""Seconds for which addresses and keys of the server are believed."""
AWAY = "Máy chủ đăng nhập chung không trả lời; giấy tờ không bị ảnh hưởng. Hãy thử lại, hoặc dùng mật khẩu."
NOT_IT = "Máy chủ đăng nhập chung trả lời không đúng nên không ai được vào. Hãy thử lại, hoặc báo quản trị viên."


class Provider:
    """The server at `settings.oidc_issuer`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._kept: dict[str, tuple[float, dict[str, Any]]] = {}

    def ask(self, back: str) -> tuple[str, dict[str, str]]:
        """(where to send the browser, what to remember until it comes back to `back`). Transient."""
        kept = {name: secrets.token_urlsafe(32) for name in ("state", "nonce", "verifier")}
        challenge = base64.urlsafe_b64encode(hashlib.sha256(kept["verifier"].encode()).digest()).rstrip(b"=")
        wanted = {
            "response_type": "code", "client_id": self._settings.oidc_client_id, "redirect_uri": back,
            "scope": "openid email", "state": kept["state"], "nonce": kept["nonce"],
            "code_challenge": challenge.decode(), "code_challenge_method": "S256",
        }  # fmt: skip
        where = self._address("authorization_endpoint")
        return f"{where}{'&' if urlsplit(where).query else '?'}{urlencode(wanted)}", kept

    def claims(self, code: str, kept: dict[str, str], back: str) -> dict[str, Any]:
        """What the server says of the person who came back with `code`. Forbidden, Transient."""
        sent = {"grant_type": "authorization_code", "code": code, "redirect_uri": back,
                "code_verifier": kept["verifier"]}  # fmt: skip
        answer = _fetch(self._token_request(sent))
        return self._checked(str(answer.get("id_token", "")), kept["nonce"])

    def _token_request(self, sent: dict[str, str]) -> urllib.request.Request:
        name, password = self._settings.oidc_client_id, self._settings.oidc_client_secret
        headers = {"Accept": "application/json"}
        if password and "client_secret_basic" in self._about().get(
            "token_endpoint_auth_methods_supported", ["client_secret_basic"]
        ):
            pair = f"{quote_plus(name)}:{quote_plus(password)}".encode()  # RFC 6749, 2.3.1
            headers["Authorization"] = "Basic " + base64.b64encode(pair).decode()
        else:
            sent |= {"client_id": name} | ({"client_secret": password} if password else {})
        return urllib.request.Request(self._address("token_endpoint"), urlencode(sent).encode(), headers)  # noqa: S310

    def _checked(self, token: str, nonce: str) -> dict[str, Any]:
        """The claims of an ID token whose signature, issuer, audience, age and nonce are right; OIDC Core, 3.1.3.7."""
        jwt, jwk, wrong = _joserfc()
        try:
            try:
                claims = jwt.decode(token, jwk.KeySet.import_key_set(self._keys()), ALGORITHMS).claims
            except (wrong, ValueError):  # the server may have changed its keys since they were fetched
                claims = jwt.decode(token, jwk.KeySet.import_key_set(self._keys(fresh=True)), ALGORITHMS).claims
        except (wrong, ValueError, TypeError, KeyError) as error:
            log.warning("id token refused cause=%s", type(error).__name__)
            raise Forbidden(NOT_IT) from error
        if why := self._against(claims, nonce):
            log.warning("id token refused cause=%s", why)
            raise Forbidden(NOT_IT)
        return dict(claims)

    def _against(self, claims: dict[str, Any], nonce: str) -> str:
        """Why these claims, rightly signed, are not for us and now; "" when they are."""
        own, now = self._settings.oidc_client_id, time.time()
        audience = claims.get("aud")
        audience = audience if isinstance(audience, list) else [audience]
        times = [claims.get("exp"), claims.get("iat")]
        if not all(isinstance(one, int | float) and not isinstance(one, bool) for one in times):
            return "times"
        rules = {
            "issuer": claims.get("iss") == self._settings.oidc_issuer,
            "audience": own in audience and (len(audience) == 1 or claims.get("azp") == own),
            "party": claims.get("azp", own) == own,
            "expired": now < claims["exp"] + LEEWAY,
            "early": claims["iat"] - LEEWAY < now,
            "nonce": secrets.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()),
            "subject": isinstance(claims.get("sub"), str) and 0 < len(claims["sub"]) <= 255,
        }
        return next((name for name, holds in rules.items() if not holds), "")

    def _about(self) -> dict[str, Any]:
        about = self._get(self._settings.oidc_issuer.rstrip("/") + "/.well-known/openid-configuration")
        if about.get("issuer") != self._settings.oidc_issuer:
            raise Transient(NOT_IT)
        return about

    def _address(self, name: str) -> str:
        """An address the server names; as safe as the issuer's own."""
        address = str(self._about().get(name, ""))
        if urlsplit(address).scheme not in ("https", urlsplit(self._settings.oidc_issuer).scheme):
            raise Transient(NOT_IT)
        return address

    def _keys(self, *, fresh: bool = False) -> Any:
        return self._get(self._address("jwks_uri"), fresh=fresh)

    def _get(self, address: str, *, fresh: bool = False) -> dict[str, Any]:
        known = self._kept.get(address)
        if known and not fresh and time.monotonic() < known[0] + REMEMBERED:
            return known[1]
        found = _fetch(urllib.request.Request(address))  # noqa: S310 - https, see archive.config and _address
        self._kept[address] = time.monotonic(), found
        return found


class _Straight(urllib.request.HTTPRedirectHandler):
    """Follows nobody elsewhere: codes and passwords are for the address the server named."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _fetch(request: urllib.request.Request) -> dict[str, Any]:
    try:
        with urllib.request.build_opener(_Straight()).open(request, timeout=SECONDS) as answer:
            found = json.loads(answer.read(MOST_BYTES))
    except urllib.error.HTTPError as error:
        error.close()
        log.warning("sign-in server refused status=%d", error.code)
        raise (Forbidden(NOT_IT) if 400 <= error.code < 500 and request.data else Transient(AWAY)) from error
    except (OSError, HTTPException, ValueError) as error:
        log.warning("sign-in server away cause=%s", type(error).__name__)
        raise Transient(AWAY) from error
    if not isinstance(found, dict):
        raise Transient(NOT_IT)
    return found


def _joserfc() -> tuple[Any, Any, type[Exception]]:
    try:
        from joserfc import jwk, jwt
        from joserfc.errors import JoseError
    except ImportError as error:
        raise BadSettings("Chưa cài phần đăng nhập chung; quản trị máy cài requirements-oidc.lock.") from error
    return jwt, jwk, JoseError
