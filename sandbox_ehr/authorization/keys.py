"""The sandbox's own keys: it signs ID tokens and hook calls with them."""

from dataclasses import dataclass
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from sandbox_ehr.config import SandboxConfig


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """One RSA key for RS256 and one P-384 key for ES384."""

    rsa: RSAKey
    ec: ECKey

    @classmethod
    def of(cls, config: SandboxConfig) -> "SigningKeys":
        """The configured keys, or new ones."""
        rsa = config.rsa_key or RSAKey.generate_key(2048, auto_kid=True)
        ec = config.ec_key or ECKey.generate_key("P-384", auto_kid=True)
        rsa.ensure_kid()
        ec.ensure_kid()
        return cls(rsa, ec)

    def jwks(self) -> dict[str, Any]:
        """The public halves, as published."""
        return {
            "keys": [
                {**self.rsa.as_dict(private=False), "use": "sig", "alg": "RS256"},
                {**self.ec.as_dict(private=False), "use": "sig", "alg": "ES384"},
            ]
        }

    def signed(
        self, claims: dict[str, Any], *, alg: str, jku: str | None = None
    ) -> str:
        """A compact JWT with alg, kid and typ in its header."""
        key = self.ec if alg == "ES384" else self.rsa
        header = {"alg": alg, "kid": key.kid, "typ": "JWT"}
        if jku:
            header["jku"] = jku
        return jwt.encode(header, claims, key, algorithms=[alg])
