"""From a reference to the secret behind it; done in the runner, at the moment a connection needs it.

The libraries for keyring and Key Vault are optional and imported when first needed. Nothing here repeats a value.
"""

from __future__ import annotations

import os
import shlex

from quarterdeck.config.references import REFERENCE_FORMS, Reference, secret
from quarterdeck.fleet.observation import Trouble, TroubleCode

AUTHORITIES = {
    ".vault.azure.net": "login.microsoftonline.com",
    ".vault.usgovcloudapi.net": "login.microsoftonline.us",
    ".vault.azure.cn": "login.chinacloudapi.cn",
}
"""Who signs people in, by the end of a vault's host name (Microsoft's documentation, "About keys, secrets and
certificates: DNS suffixes for base URL"; azure-identity 1.27, `AzureAuthorityHosts`)."""


class SecretUnavailable(Exception):
    """There is no such secret, or no way to get at it.

    Attributes:
        trouble: what to tell people; holds no secret.
    """

    def __init__(self, code: TroubleCode, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.trouble = Trouble(code, message, hint)


def resolve(reference: str) -> str:
    """The value behind `${env:NAME}`, `${keyring:SERVICE/USER}` or `${keyvault:VAULT/SECRET}`.

    A vault is a name in the public cloud, or a host (`contoso.vault.usgovcloudapi.net`).

    Raises:
        SecretUnavailable: saying what is missing and how to mend it.

    May ask a vault over the network: don't call it on an event loop.
    """
    found = secret(reference)
    if found is None:
        raise SecretUnavailable("misconfigured", "this is not a reference to a secret", f"write {REFERENCE_FORMS}")
    if found.kind == "keyring":
        return _keyring(found)
    if found.kind == "keyvault":
        return _key_vault(found)
    return _environment(found)


def _environment(reference: Reference) -> str:
    value = os.environ.get(reference.name, "")
    if not value:
        state = "empty" if reference.name in os.environ else "not set"
        hint = f"export {reference.name} before the first `qd`; a runner that is already up keeps its environment"
        raise SecretUnavailable("misconfigured", f"the environment variable {reference.name} is {state}", hint)
    return value


def _keyring(reference: Reference) -> str:
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        hint = "pip install keyring"
        raise SecretUnavailable("misconfigured", f"{reference} needs the keyring library", hint) from None
    service, _, user = reference.name.rpartition("/")
    try:
        value = keyring.get_password(service, user)
    except KeyringError as error:
        hint = "unlock the keyring, or use ${env:NAME} where there is none"
        raise SecretUnavailable("misconfigured", f"the keyring gave nothing: {error}", hint) from None
    if not value:
        hint = f"store it with: keyring set {shlex.quote(service)} {shlex.quote(user)}"
        raise SecretUnavailable("misconfigured", f"the keyring has nothing under {reference.name}", hint)
    return value


def _key_vault(reference: Reference) -> str:
    try:
        from azure.keyvault.secrets import SecretClient
    except ImportError:
        hint = "pip install azure-keyvault-secrets"
        raise SecretUnavailable(
            "misconfigured", f"{reference} needs the azure-keyvault-secrets library", hint
        ) from None
    from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError, ResourceNotFoundError
    from azure.identity import DefaultAzureCredential

    vault, _, name = reference.name.partition("/")
    host = vault if "." in vault else f"{vault}.vault.azure.net"
    authority = next((who for end, who in AUTHORITIES.items() if host.lower().endswith(end)), None)
    try:
        with (
            DefaultAzureCredential(authority=authority) as credential,
            SecretClient(f"https://{host}", credential, retry_total=1) as client,
        ):
            value = client.get_secret(name).value
    except ResourceNotFoundError:
        hint = f"az keyvault secret list --vault-name {shlex.quote(vault)}"
        raise SecretUnavailable("not_found", f"the vault {vault} has no secret {name}", hint) from None
    except ClientAuthenticationError as error:
        hint = "sign in, for example with `az login`"
        raise SecretUnavailable("unauthenticated", f"not signed in to {host}: {_first_line(error)}", hint) from None
    except HttpResponseError as error:
        code: TroubleCode = "forbidden" if error.status_code == 403 else "provider_error"
        hint = "the role Key Vault Secrets User is needed" if code == "forbidden" else ""
        raise SecretUnavailable(code, f"{host} refused to give {name} (HTTP {error.status_code})", hint) from None
    except AzureError as error:
        raise SecretUnavailable("unreachable", f"{host} can't be reached: {_first_line(error)}", "") from None
    if not value:
        raise SecretUnavailable("misconfigured", f"the secret {name} in {vault} is empty", "")
    return value


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
