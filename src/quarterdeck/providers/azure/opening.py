"""From a connection's options to a session. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from quarterdeck.fleet.topology import Connection
from quarterdeck.providers.azure import APP_CONFIGURATION
from quarterdeck.providers.azure.arm import Arm
from quarterdeck.providers.azure.clouds import CLOUDS, Cloud, custom_cloud
from quarterdeck.providers.azure.schema import AppConfigurationConnection, ArmConnection, CloudEndpoints
from quarterdeck.providers.azure.session import ArmSession, StoreSession
from quarterdeck.providers.base import ProviderError, Session, SessionContext

Options = TypeVar("Options", bound=BaseModel)


def open_session(connection: Connection, context: SessionContext) -> Session:
    """See `quarterdeck.providers.base.Provider.open`."""
    if connection.provider == APP_CONFIGURATION:
        from quarterdeck.providers.azure.app_configuration import Store

        store = _read(connection, AppConfigurationConnection)
        return StoreSession(Store(store, cloud_of(store.cloud), context))
    arm = _read(connection, ArmConnection)
    return ArmSession(Arm(arm, cloud_of(arm.cloud), context))


def cloud_of(chosen: str | CloudEndpoints) -> Cloud:
    """The cloud that a connection names or describes."""
    if isinstance(chosen, str):
        return CLOUDS[chosen]
    return custom_cloud(
        chosen.resource_manager, chosen.authority, chosen.scope or "", chosen.app_configuration_audience or ""
    )


def nested(options: Mapping[str, str]) -> dict[str, Any]:
    """`{"cloud.authority": "x"}` to `{"cloud": {"authority": "x"}}`, as it stood in the configuration."""
    whole: dict[str, Any] = {}
    for key, value in options.items():
        outer, dot, inner = key.partition(".")
        if dot:
            whole.setdefault(outer, {})[inner] = value
        else:
            whole[outer] = value
    return whole


def _read(connection: Connection, kind: type[Options]) -> Options:
    try:
        return kind.model_validate(nested(connection.options))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join([connection.name, *(str(part) for part in first["loc"])])
        raise ProviderError("misconfigured", f"connection {where}: {first['msg']}") from None
