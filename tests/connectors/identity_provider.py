"""A small OpenID provider on a loopback port, with real keys and real HTTP, that lies when it is told to."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

CLIENT, SECRET = "purveyor", "a secret of the client"


class Provider:
    """Signs in whoever ``person`` describes; ``bend`` may change the claims, ``forge`` the whole token."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, auto_kid=True)
        self.person: dict[str, Any] = {"sub": "u-1", "email": "dana@example.com", "email_verified": True, "name": "Dana"}
        self.bend: Callable[[dict[str, Any]], None] = lambda _claims: None
        self.forge: Callable[[dict[str, Any]], str] | None = None
        self.asked: list[str] = []
        self._codes: dict[str, dict[str, str]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _answers_for(self))
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def sign(self, claims: dict[str, Any], **header: Any) -> str:
        """Sign claims with the published key."""
        return jwt.encode({"alg": "RS256", "kid": self.key.kid, **header}, claims, self.key)

    def answer(self, method: str, path: str, body: str, authorization: str) -> tuple[int, dict[str, Any], str]:
        """Return status, document and redirect for one request."""
        address = urlsplit(path)
        self.asked.append(address.path)
        asked = {name: values[0] for name, values in parse_qs(body or address.query).items()}
        if address.path == "/.well-known/openid-configuration":
            places = {"authorization_endpoint": "/authorize", "token_endpoint": "/token", "jwks_uri": "/keys"}
            return 200, {"issuer": self.issuer, **{name: self.issuer + at for name, at in places.items()}}, ""
        if address.path == "/keys":
            return 200, {"keys": [self.key.as_dict(private=False)]}, ""
        if address.path == "/authorize":
            code = f"code-{len(self._codes)}"
            self._codes[code] = asked
            return 302, {}, f"{asked['redirect_uri']}?code={code}&state={asked['state']}"
        return self._token(asked, authorization)

    def _token(self, asked: dict[str, str], authorization: str) -> tuple[int, dict[str, Any], str]:
        begun = self._codes.pop(asked.get("code", ""), None)
        proof = hashlib.sha256(asked.get("code_verifier", "").encode()).digest()
        client = "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if begun is None or authorization != client:
            return 400, {"error": "invalid_grant"}, ""
        if begun["code_challenge"] != base64.urlsafe_b64encode(proof).rstrip(b"=").decode():
            return 400, {"error": "invalid_grant"}, ""
        now = int(datetime.now(UTC).timestamp())
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": begun["nonce"], **self.person}
        self.bend(claims)
        token = self.sign(claims) if self.forge is None else self.forge(claims)
        return 200, {"id_token": token, "token_type": "Bearer", "access_token": "x"}, ""


def unsigned(claims: dict[str, Any]) -> str:
    """A token that says it needs no signature."""
    parts = (json.dumps(part).encode() for part in ({"alg": "none"}, claims))
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) + "."


def signed_with_the_public_key(provider: Provider, claims: dict[str, Any]) -> str:
    """A token signed with HS256, the provider's public key taken for the shared secret."""
    shared = OctKey.import_key(provider.key.as_pem(private=False))
    return jwt.encode({"alg": "HS256", "kid": provider.key.kid}, claims, shared)


def _answers_for(provider: Provider) -> type[BaseHTTPRequestHandler]:
    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer("")

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers.get("content-length", "0"))).decode())

        def _answer(self, body: str) -> None:
            status, document, redirect = provider.answer(self.command, self.path, body, self.headers.get("authorization", ""))
            content = json.dumps(document).encode()
            self.send_response(status)
            if redirect:
                self.send_header("location", redirect)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    return Answers
