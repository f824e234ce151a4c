"""An Entra look-alike: OpenID discovery, the token endpoint, device codes, managed identities.

Any client id, secret, user or tenant is let in: the sandbox imitates the wire, not the lock.
"""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

from quarterdeck.sandbox.devicecodes import DeviceCodes
from quarterdeck.sandbox.tokens import Principal, Tokens, principal_of
from quarterdeck.sandbox.wire import Refusal, Request, Response, Route

MANAGED_IDENTITY = "sandbox-managed-identity"
"""The app id of the machine's own identity when a request does not name one."""


class IdentityService:
    """The identity plane."""

    def __init__(self, tokens: Tokens, device_codes: DeviceCodes) -> None:
        self._tokens = tokens
        self._device_codes = device_codes
        self._refresh: dict[str, tuple[Principal, str]] = {}

    def routes(self) -> Iterable[Route]:
        """Discovery, authorize-less sign-in, and the two managed-identity endpoints."""
        identity: list[tuple[str, str, Any]] = [
            ("GET", "/{tenant}/v2.0/.well-known/openid-configuration", self.openid_configuration),
            ("GET", "/{tenant}/.well-known/openid-configuration", self.openid_configuration),
            ("GET", "/common/discovery/instance", self.instance_discovery),
            ("GET", "/{tenant}/discovery/v2.0/keys", self.keys),
            ("POST", "/{tenant}/oauth2/v2.0/token", self.token),
            ("POST", "/{tenant}/oauth2/token", self.token),
            ("POST", "/{tenant}/oauth2/v2.0/devicecode", self.device_code),
            ("GET", "/msi/token", self.app_service_identity),
            ("GET", "/metadata/identity/oauth2/token", self.machine_identity),
            ("GET", "/common/userrealm/{user}", self.user_realm),
        ]
        return [Route(method, template, handler, "identity") for method, template, handler in identity]

    async def openid_configuration(self, request: Request) -> Response:
        """The OpenID document of a tenant."""
        tenant = self._tenant(request)
        root = f"{request.base_url}/{tenant}"
        return Response(
            body={
                "issuer": f"{root}/v2.0",
                "authorization_endpoint": f"{root}/oauth2/v2.0/authorize",
                "token_endpoint": f"{root}/oauth2/v2.0/token",
                "device_authorization_endpoint": f"{root}/oauth2/v2.0/devicecode",
                "jwks_uri": f"{root}/discovery/v2.0/keys",
                "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
                "response_modes_supported": ["query", "fragment", "form_post"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "token_endpoint_auth_methods_supported": [
                    "client_secret_post",
                    "private_key_jwt",
                    "client_secret_basic",
                ],
                "scopes_supported": ["openid", "profile", "email", "offline_access"],
                "claims_supported": ["sub", "iss", "aud", "exp", "iat", "oid", "tid", "preferred_username"],
                "tenant_region_scope": "NA",
                "cloud_instance_name": "sandbox",
            }
        )

    async def instance_discovery(self, request: Request) -> Response:
        """That this authority is known, whatever it calls itself."""
        host = request.base_url.partition("://")[2]
        return Response(
            body={
                "tenant_discovery_endpoint": (
                    f"{request.base_url}/{self._tokens.tenant}/v2.0/.well-known/openid-configuration"
                ),
                "api-version": "1.1",
                "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
            }
        )

    async def keys(self, request: Request) -> Response:
        """No public keys: the tokens are good here only."""
        return Response(body={"keys": []})

    async def user_realm(self, request: Request) -> Response:
        """Every user is managed here; nobody is federated."""
        return Response(body={"ver": "1.0", "account_type": "Managed", "domain_name": "sandbox"})

    async def token(self, request: Request) -> Response:
        """The token endpoint: client credentials (secret or assertion), device code, refresh token, password."""
        form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        grants = {
            "client_credentials": self._client_credentials,
            "urn:ietf:params:oauth:grant-type:device_code": self._by_device_code,
            "device_code": self._by_device_code,
            "refresh_token": self._by_refresh_token,
            "password": self._by_password,
            "urn:ietf:params:oauth:grant-type:jwt-bearer": self._client_credentials,
        }
        grant = grants.get(form.get("grant_type", ""))
        if grant is None:
            raise Refusal(
                400,
                "unsupported_grant_type",
                f"AADSTS70003: The app requested an unsupported grant type '{form.get('grant_type', '')}'.",
            )
        return grant(request, form)

    async def device_code(self, request: Request) -> Response:
        """A code for a person to enter; the control interface grants it, or a few polls do."""
        form = dict(parse_qsl(request.body.decode("utf-8", "replace")))
        pending = self._device_codes.begin(_needed(form, "client_id"), form.get("scope", ""))
        url = f"{request.base_url}/devicelogin"
        return Response(
            body={
                "user_code": pending.user_code,
                "device_code": pending.device_code,
                "verification_uri": url,
                "verification_url": url,
                "expires_in": 900,
                "interval": 1,
                "message": (
                    f"To sign in, use a web browser to open the page {url} and enter the code "
                    f"{pending.user_code} to authenticate."
                ),
            }
        )

    async def app_service_identity(self, request: Request) -> Response:
        """Managed identity as App Service offers it: the header X-IDENTITY-HEADER must be there."""
        if not request.headers.get("x-identity-header"):
            raise Refusal(401, "unauthorized", "The X-IDENTITY-HEADER header is missing.")
        return self._managed_identity(request)

    async def machine_identity(self, request: Request) -> Response:
        """Managed identity as virtual machines offer it: the header Metadata: true must be there."""
        if request.headers.get("metadata", "").lower() != "true":
            raise Refusal(400, "bad_request_102", "Required metadata header not specified")
        return self._managed_identity(request)

    def _managed_identity(self, request: Request) -> Response:
        resource = request.argument("resource")
        if not resource:
            raise Refusal(400, "invalid_request", "The parameter resource is missing.")
        client_id = request.argument("client_id") or MANAGED_IDENTITY
        token = self._tokens.issue(principal_of(client_id), resource, self._issuer(request))
        lifetime = int(self._tokens.lifetime)
        return Response(
            body={
                "access_token": token,
                "refresh_token": "",
                "client_id": client_id,
                "expires_in": str(lifetime),
                "expires_on": str(int(time.time()) + lifetime),
                "ext_expires_in": str(lifetime),
                "not_before": str(int(time.time())),
                "resource": resource,
                "token_type": "Bearer",
            }
        )

    def _client_credentials(self, request: Request, form: dict[str, str]) -> Response:
        client_id = _needed(form, "client_id")
        if not (form.get("client_secret") or form.get("client_assertion") or form.get("assertion")):
            raise Refusal(
                401,
                "invalid_client",
                "AADSTS7000216: 'client_assertion', 'client_secret' or 'request' is required for the "
                "'client_credentials' grant type.",
            )
        return self._grant(request, principal_of(client_id), form)

    def _by_password(self, request: Request, form: dict[str, str]) -> Response:
        return self._grant(request, principal_of(_needed(form, "username"), person=True), form)

    def _by_device_code(self, request: Request, form: dict[str, str]) -> Response:
        user = self._device_codes.redeem(form.get("device_code") or form.get("code", ""))
        return self._grant(request, principal_of(user, person=True), form)

    def _by_refresh_token(self, request: Request, form: dict[str, str]) -> Response:
        known = self._refresh.get(form.get("refresh_token", ""))
        if known is None:
            raise Refusal(400, "invalid_grant", "AADSTS9002313: Invalid request. The refresh token is unknown.")
        principal, scope = known
        return self._grant(request, principal, {"scope": scope, **form})

    def _grant(self, request: Request, principal: Principal, form: dict[str, str]) -> Response:
        scope = form.get("scope") or form.get("resource", "")
        issuer = self._issuer(request)
        audience = next((part for part in scope.split() if "/" in part), scope).removesuffix("/.default")
        lifetime = int(self._tokens.lifetime)
        body: dict[str, Any] = {
            "token_type": "Bearer",
            "scope": scope,
            "expires_in": lifetime,
            "ext_expires_in": lifetime,
            "access_token": self._tokens.issue(principal, audience, issuer),
        }
        if principal.person:
            refresh = f"0.{uuid.uuid4().hex}{uuid.uuid4().hex}"
            self._refresh[refresh] = (principal, scope)
            body["refresh_token"] = refresh
            body["id_token"] = self._tokens.issue_id(principal, form.get("client_id", ""), issuer)
            body["client_info"] = _client_info(principal.id, self._tokens.tenant)
        return Response(body=body, headers={"Cache-Control": "no-store, no-cache"})

    def _issuer(self, request: Request) -> str:
        return f"{request.base_url}/{self._tokens.tenant}/v2.0"

    def _tenant(self, request: Request) -> str:
        named = request.parameters.get("tenant", "")
        return self._tokens.tenant if named.lower() in ("common", "organizations", "consumers") else named


def _client_info(uid: str, utid: str) -> str:
    return base64.urlsafe_b64encode(json.dumps({"uid": uid, "utid": utid}).encode()).rstrip(b"=").decode()


def _needed(form: dict[str, str], name: str) -> str:
    value = form.get(name)
    if not value:
        raise Refusal(
            400, "invalid_request", f"AADSTS900144: The request body must contain the following parameter: '{name}'."
        )
    return value
