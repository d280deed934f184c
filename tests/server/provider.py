"""A sign-in server of a province in a thread: OpenID Connect's code flow with PKCE, on a socket, with a real key."""

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwk, jwt

CLIENT, PASSWORD = "vanthu", "mat khau : cua may"


class Provider:
    """`claims` are what it says of whoever comes; `lies` change the ID token or the server, one test each."""

    def __init__(self):
        self.key = jwk.RSAKey.generate_key(2048, {"kid": "một", "use": "sig"}, private=True)
        self.claims = {"sub": "u-1", "email": "Lan@soctrang.gov.vn", "email_verified": True}
        self.lies, self.asked, self.waiting, self.fetched = {}, [], {}, 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def approve(self, address):
        """What the server's own pages do: the person says yes, and the browser is sent back. (address, parameters)"""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        self.asked.append(asked)
        code = secrets.token_urlsafe(8)
        self.waiting[code] = asked
        back = {"code": code, "state": asked["state"], "iss": self.issuer} | self.lies.get("back", {})
        return f"{asked['redirect_uri']}?{urlencode(back)}"

    def answer(self, path, form, headers):
        """(status, object) for a request."""
        if path == "/.well-known/openid-configuration":
            about = {"issuer": self.issuer, "authorization_endpoint": f"{self.issuer}/ask",
                     "token_endpoint": f"{self.issuer}/token", "jwks_uri": f"{self.issuer}/keys"}  # fmt: skip
            return 200, about | self.lies.get("about", {})
        if path == "/keys":
            self.fetched += 1
            return 200, {"keys": [self.key.as_dict(private=False)]}
        return self.token(form, headers)

    def token(self, form, headers):
        asked = self.waiting.pop(form.get("code"), None)
        given = base64.b64encode(b"vanthu:mat+khau+%3A+cua+may").decode()
        if headers.get("Authorization") != f"Basic {given}":
            return 401, {"error": "invalid_client"}
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=")
        wanted = asked and [asked["code_challenge"], asked["redirect_uri"]]
        if wanted != [challenge.decode(), form["redirect_uri"]]:
            return 400, {"error": "invalid_grant"}
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": int(time.time()), "exp": int(time.time()) + 300,
                  "nonce": asked["nonce"], **self.claims, **self.lies.get("claims", {})}  # fmt: skip
        return 200, {"token_type": "Bearer", "access_token": "x", "id_token": self.sign(claims)}

    def sign(self, claims):
        kind = self.lies.get("sign", "RS256")
        if kind in ("none", "HS256"):
            parts = [{"alg": kind, "kid": "một"}, claims]
            text = ".".join(base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=").decode() for one in parts)
            # HS256 with the public key as the shared secret: the oldest trick
            mac = hmac.digest(self.key.as_pem(private=False), text.encode(), "sha256") if kind == "HS256" else b""
            return f"{text}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
        key = jwk.RSAKey.generate_key(2048, {"kid": "một"}, private=True) if kind == "other" else self.key
        return jwt.encode({"alg": "RS256", "kid": key.kid}, claims, key)

    def _handler(provider):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.reply(*provider.answer(urlsplit(self.path).path, {}, self.headers))

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                form = {name: values[0] for name, values in parse_qs(body).items()}
                self.reply(*provider.answer(urlsplit(self.path).path, form, self.headers))

            def reply(self, status, told):
                body = provider.lies.get("body") or json.dumps(told).encode()
                self.send_response(provider.lies.get("status", status))
                self.send_header("Content-Type", "application/json")
                if "elsewhere" in provider.lies:
                    self.send_header("Location", provider.lies["elsewhere"])
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        return Handler
