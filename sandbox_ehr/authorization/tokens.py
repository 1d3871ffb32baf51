"""The token endpoint's three grants, and what their answers say."""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sandbox_ehr.authorization.authorize import check_verifier
from sandbox_ehr.authorization.clients import ClientCheck
from sandbox_ehr.authorization.grants import Grant, Grants, new_family
from sandbox_ehr.authorization.keys import SigningKeys
from sandbox_ehr.authorization.scopes import granted_words
from sandbox_ehr.config import Client, SandboxConfig
from sandbox_ehr.errors import OAuthRefusal

ID_TOKEN_LIFE = 300  # seconds


class TokenEndpoint:
    """Turns codes, refresh tokens and client assertions into tokens."""

    def __init__(
        self, config: SandboxConfig, grants: Grants, *, keys: SigningKeys
    ) -> None:
        self._config = config
        self._grants = grants
        self._keys = keys
        self.clients = ClientCheck(config, grants)

    def answer(
        self, form: Mapping[str, str], *, authorization: str | None
    ) -> dict[str, Any]:
        """The token response.

        Raises:
            OAuthRefusal: answered as JSON.
        """
        client = self.clients.client(form, authorization=authorization)
        match form.get("grant_type"):
            case "authorization_code":
                return self._by_code(form, client)
            case "refresh_token":
                return self._by_refresh(form, client)
            case "client_credentials":
                return self._by_credentials(form, client)
            case None:
                raise OAuthRefusal("invalid_request", "grant_type is missing")
            case _:
                raise OAuthRefusal("unsupported_grant_type", "not offered")

    def _by_code(self, form: Mapping[str, str], client: Client) -> dict[str, Any]:
        code = self._grants.take_code(form.get("code", ""))
        if code.grant.client_id != client.client_id:
            raise OAuthRefusal("invalid_grant", "the code is another client's")
        if form.get("redirect_uri") != code.redirect_uri:
            raise OAuthRefusal("invalid_grant", "redirect_uri is another one")
        check_verifier(form.get("code_verifier"), challenge=code.challenge)
        return self._response(code.grant, nonce=code.nonce, with_id=True)

    def _by_refresh(self, form: Mapping[str, str], client: Client) -> dict[str, Any]:
        grant = self._grants.take_refresh(
            form.get("refresh_token", ""), client_id=client.client_id
        )
        words = tuple(form.get("scope", " ".join(grant.words)).split())
        if not set(words) <= set(grant.words):
            raise OAuthRefusal("invalid_scope", "more than was granted")
        answer = self._response(replace(grant, words=words), nonce=None, with_id=False)
        # The new refresh token keeps the whole grant; `scope` narrows this answer only.
        return {**answer, "refresh_token": self._grants.new_refresh(grant)}

    def _by_credentials(
        self, form: Mapping[str, str], client: Client
    ) -> dict[str, Any]:
        if client.auth != "private_key_jwt":
            raise OAuthRefusal("unauthorized_client", "only with private_key_jwt")
        words = granted_words(
            form.get("scope", ""), client.scopes, levels=frozenset({"system"})
        )
        words = tuple(word for word in words if word.startswith("system/"))
        if not words:
            raise OAuthRefusal("invalid_scope", "nothing of this is registered")
        grant = Grant(client.client_id, words, None, new_family())
        return self._common(grant)

    def _common(self, grant: Grant) -> dict[str, Any]:
        return {
            "access_token": self._grants.new_access(grant),
            "token_type": "Bearer",
            "expires_in": int(self._grants.access_life.total_seconds()),
            "scope": " ".join(grant.words),
        }

    def _response(
        self, grant: Grant, *, nonce: str | None, with_id: bool
    ) -> dict[str, Any]:
        answer = self._common(grant)
        launch = grant.launch
        assert launch is not None  # codes are only made with one
        if launch.patient:
            answer["patient"] = launch.patient
        if launch.encounter:
            answer["encounter"] = launch.encounter
        if launch.app_context:
            answer["appContext"] = launch.app_context
        if launch.intent:
            answer["intent"] = launch.intent
        # In the chart's frame the patient's banner is always in sight above the app.
        answer["need_patient_banner"] = grant.standalone
        if {"online_access", "offline_access"} & set(grant.words):
            answer["refresh_token"] = self._grants.new_refresh(grant)
        if with_id and "openid" in grant.words:
            answer["id_token"] = self._id_token(grant, user=launch.user, nonce=nonce)
        return answer

    def _id_token(self, grant: Grant, *, user: str, nonce: str | None) -> str:
        now = int(self._config.clock().timestamp())
        claims: dict[str, Any] = {
            "iss": self._config.fhir_base,
            "sub": user.replace("/", "-").lower(),
            "aud": grant.client_id,
            "iat": now,
            "exp": now + ID_TOKEN_LIFE,
            "jti": secrets.token_urlsafe(16),
        }
        if nonce is not None:
            claims["nonce"] = nonce
        if "fhirUser" in grant.words:
            claims["fhirUser"] = f"{self._config.fhir_base}/{user}"
        return self._keys.signed(claims, alg=self._config.id_token_alg)
