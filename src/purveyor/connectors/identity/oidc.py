"""Sign-in at the company's own provider: OpenID Connect, authorization code with PKCE.

Every claim of an id token is checked: signature by a published asymmetric key, issuer, audience, expiry, nonce. Tokens without a
signature, signed with a shared secret, or by a key nobody published are refused. Source: OpenID Connect Core 3.1.3.7, RFC 7636.
"""

from __future__ import annotations

import base64
import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from purveyor.connectors.contract import PermanentError
from purveyor.connectors.transport.http import HttpTransport, Reply, expect_success
from purveyor.core.errors import InvalidInput

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384")
"""Asymmetric ones only: neither ``none`` nor a shared secret can stand for the provider."""
LEEWAY_SECONDS: Final = 60
KEYS_KEPT: Final = timedelta(hours=12)
ASK_AGAIN_AFTER: Final = timedelta(minutes=1)
"""A token with an unknown key lets the keys be read anew, but no more often than this."""


class IdentityRefused(PermanentError):
    """The provider's answer cannot be trusted, or it did not let the person in."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a group of the provider means here: roles in business units, by their codes."""

    group: str
    roles: tuple[str, ...]
    business_units: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """One provider. ``allowed_domains`` are the mail domains whose people need no invitation."""

    issuer: str
    client_id: str
    client_secret: str
    groups_claim: str = "groups"
    allowed_domains: tuple[str, ...] = ()
    grants: tuple[Grant, ...] = ()


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the provider says somebody is; ``mail`` only when the provider vouches for it."""

    issuer: str
    subject: str
    mail: str | None
    name: str | None
    groups: tuple[str, ...]


def load_provider(file: Path) -> ProviderSettings:
    """Read the provider from a TOML file; its secret is in a file of its own. Raises InvalidInput."""
    try:
        given = tomllib.loads(file.read_text("utf-8"))
        return ProviderSettings(
            issuer=given["issuer"].rstrip("/"),
            client_id=given["client_id"],
            client_secret=Path(given["client_secret_file"]).read_text("utf-8").strip(),
            groups_claim=given.get("groups_claim", "groups"),
            allowed_domains=tuple(domain.lower() for domain in given.get("allowed_domains", ())),
            grants=tuple(
                Grant(each["name"], tuple(each["roles"]), tuple(each["business_units"])) for each in given.get("group", ())
            ),
        )
    except (OSError, KeyError, tomllib.TOMLDecodeError) as error:
        raise InvalidInput(field=str(file), reason=f"{type(error).__name__}: {error}") from error


class OidcProvider:
    """Speaks to one provider; discovery and keys are kept for half a day."""

    def __init__(self, settings: ProviderSettings, transport: HttpTransport | None = None) -> None:
        self.settings = settings
        self._transport = transport or HttpTransport()
        self._known: Mapping[str, Any] = {}
        self._keys: KeySet | None = None
        self._read_at: datetime | None = None

    def authorization_address(self, state: str, nonce: str, verifier: str, back: str, now: datetime) -> str:
        """Return where the browser goes to sign in; raises RetryableError or PermanentError when discovery fails."""
        self._discover(now)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": back,
            "scope": "openid email profile",
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{self._known['authorization_endpoint']}?{urlencode(asked)}"

    def identify(self, code: str, nonce: str, verifier: str, back: str, now: datetime) -> Identity:
        """Exchange a code and return who it stands for; raises IdentityRefused, RetryableError."""
        self._discover(now)
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": back, "code_verifier": verifier}
        pair = f"{self.settings.client_id}:{self.settings.client_secret}".encode()
        headers = {
            "authorization": f"Basic {base64.b64encode(pair).decode()}",
            "content-type": "application/x-www-form-urlencoded",
        }
        answer = self._transport.call(
            "POST", str(self._known["token_endpoint"]), content=urlencode(form).encode(), headers=headers
        )
        token = _document(expect_success(answer, "The provider refuses the code.")).get("id_token")
        if not isinstance(token, str):
            raise IdentityRefused("The provider sent no id token.")
        return self._identity(self._claims(token, nonce, now))

    def _identity(self, claims: Mapping[str, Any]) -> Identity:
        groups = claims.get(self.settings.groups_claim, ())
        mail = claims.get("email") if claims.get("email_verified") is True else None
        return Identity(
            issuer=self.settings.issuer,
            subject=str(claims["sub"]),
            mail=mail if isinstance(mail, str) else None,
            name=claims.get("name") if isinstance(claims.get("name"), str) else None,
            groups=tuple(each for each in groups if isinstance(each, str)) if isinstance(groups, list) else (),
        )

    def _claims(self, token: str, nonce: str, now: datetime) -> Mapping[str, Any]:
        try:
            return self._checked(token, nonce, now)
        except (JoseError, ValueError) as error:
            if not self._may_read_keys_again(now):
                raise IdentityRefused(f"The id token cannot be trusted: {type(error).__name__}.") from error
        self._read_keys(now)
        try:
            return self._checked(token, nonce, now)
        except (JoseError, ValueError) as error:
            raise IdentityRefused(f"The id token cannot be trusted: {type(error).__name__}.") from error

    def _checked(self, token: str, nonce: str, now: datetime) -> Mapping[str, Any]:
        assert self._keys is not None, "discovery reads the keys"
        claims = jwt.decode(token, self._keys, algorithms=list(ALGORITHMS)).claims
        registry = jwt.JWTClaimsRegistry(
            now=int(now.timestamp()),
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": self.settings.issuer},
            aud={"essential": True, "value": self.settings.client_id},
            nonce={"essential": True, "value": nonce},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
        )
        registry.validate(claims)
        if claims.get("azp", self.settings.client_id) != self.settings.client_id:
            raise ValueError("the token was made for another client")
        return claims

    def _may_read_keys_again(self, now: datetime) -> bool:
        return self._read_at is None or now - self._read_at > ASK_AGAIN_AFTER

    def _discover(self, now: datetime) -> None:
        if self._read_at is not None and now - self._read_at < KEYS_KEPT:
            return
        address = f"{self.settings.issuer}/.well-known/openid-configuration"
        known = _document(expect_success(self._transport.call("GET", address), "The provider does not describe itself."))
        if str(known.get("issuer", "")).rstrip("/") != self.settings.issuer:
            raise IdentityRefused("The provider calls itself by another name than the settings do.")
        if not all(isinstance(known.get(name), str) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")):
            raise IdentityRefused("The provider does not say where to go.")
        self._known = known
        self._read_keys(now)

    def _read_keys(self, now: datetime) -> None:
        answer = self._transport.call("GET", str(self._known["jwks_uri"]))
        document = _document(expect_success(answer, "The provider does not show its keys."))
        try:
            self._keys = KeySet.import_key_set({"keys": list(document["keys"])})
        except (JoseError, KeyError, TypeError, ValueError) as error:
            raise IdentityRefused("The provider's keys cannot be read.") from error
        self._read_at = now


def _document(reply: Reply) -> Mapping[str, Any]:
    if not isinstance(reply.body, dict):
        raise IdentityRefused("The provider answers something that is no document.")
    return reply.body
