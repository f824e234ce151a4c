"""The sandbox put together: a world and every service over it."""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quarterdeck.sandbox.app_configuration.service import AppConfigurationService
from quarterdeck.sandbox.app_configuration.stores import StoresService
from quarterdeck.sandbox.application import Application
from quarterdeck.sandbox.cloud_services import CloudServicesService
from quarterdeck.sandbox.cloudmetadata import CloudMetadataService
from quarterdeck.sandbox.container_apps import ContainerAppsService
from quarterdeck.sandbox.control import ControlService
from quarterdeck.sandbox.devicecodes import DeviceCodes
from quarterdeck.sandbox.devicelogin import DeviceLoginService
from quarterdeck.sandbox.devops.classic import ClassicService
from quarterdeck.sandbox.devops.service import DevOpsService
from quarterdeck.sandbox.faults import Faults
from quarterdeck.sandbox.front import FrontEnd
from quarterdeck.sandbox.front_door import FrontDoorService
from quarterdeck.sandbox.github.service import GitHubService
from quarterdeck.sandbox.identity import IdentityService
from quarterdeck.sandbox.manners import ArmManners
from quarterdeck.sandbox.monitor.alerts import AlertsService
from quarterdeck.sandbox.monitor.metrics import MetricsService
from quarterdeck.sandbox.prometheus.service import PrometheusService
from quarterdeck.sandbox.requestlog import RequestLog
from quarterdeck.sandbox.resource_graph import ResourceGraphService
from quarterdeck.sandbox.server import listening
from quarterdeck.sandbox.subscriptions import SubscriptionsService
from quarterdeck.sandbox.throttling import Throttle
from quarterdeck.sandbox.tls import make_certificate, server_context
from quarterdeck.sandbox.tokens import Tokens
from quarterdeck.sandbox.traffic_manager import TrafficManagerService
from quarterdeck.sandbox.web.configuration import ConfigurationService
from quarterdeck.sandbox.web.deployments import DeploymentsService
from quarterdeck.sandbox.web.plans import PlansService
from quarterdeck.sandbox.web.publishing import PublishingService
from quarterdeck.sandbox.web.sites import SitesService
from quarterdeck.sandbox.web.snapshots import SnapshotsService
from quarterdeck.sandbox.web.swaps import SwapsService
from quarterdeck.sandbox.wire import Service
from quarterdeck.sandbox.world.world import World


class Sandbox:
    """A world with its services, not yet listening.

    Args:
        faults: rules in force from the start and after each reset, beside those of the world's document.
        stop: called when the control interface is told to stop.

    Attributes:
        tokens, device_codes, faults, requests, throttle: for tests and the control interface to reach into.

    Raises:
        ValueError: naming what is wrong with a fault.
    """

    def __init__(
        self,
        world: World,
        *,
        throttle: Throttle | None = None,
        latency: float = 0.0,
        faults: Sequence[Mapping[str, Any]] = (),
        stop: Callable[[], None] = lambda: None,
    ) -> None:
        self.world = world
        self.stop = stop
        self._initial_faults = [*world.document.get("faults", ()), *faults]
        self.tokens = Tokens(world.tenant)
        self.device_codes = DeviceCodes()
        self.faults = Faults(world)
        self.requests = RequestLog(world.clock)
        self.front = FrontEnd(world)
        self.throttle = throttle or Throttle()
        self._put_faults_in_force()
        manners = ArmManners(world, self.tokens, self.throttle)
        self.application = Application(
            world, self._services(), manners, self.faults, self.requests, self.front, latency
        )

    def reset(self) -> None:
        """World, faults and request log as they were at the start. Tokens stay good."""
        self.world.reset()
        self.requests.clear()
        self.front.forget()
        self._put_faults_in_force()

    def _put_faults_in_force(self) -> None:
        self.faults.clear()
        for document in self._initial_faults:
            self.faults.add(document)

    def _services(self) -> Iterable[Service]:
        return [
            CloudMetadataService(),
            IdentityService(self.tokens, self.device_codes),
            DeviceLoginService(self.device_codes),
            SubscriptionsService(self.world),
            SitesService(self.world),
            ConfigurationService(self.world),
            SwapsService(self.world),
            DeploymentsService(self.world),
            SnapshotsService(self.world),
            PublishingService(self.world),
            TrafficManagerService(self.world),
            ContainerAppsService(self.world),
            FrontDoorService(self.world),
            CloudServicesService(self.world),
            ResourceGraphService(self.world),
            AppConfigurationService(self.world),
            StoresService(self.world),
            PlansService(self.world),
            PrometheusService(self.world),
            MetricsService(self.world),
            AlertsService(self.world),
            GitHubService(self.world),
            DevOpsService(self.world),
            ClassicService(self.world),
            ControlService(self),
        ]


@dataclass(frozen=True, slots=True)
class Running:
    """A listening sandbox. `ca_file` is None without TLS."""

    sandbox: Sandbox
    url: str
    ca_file: Path | None

    @property
    def world(self) -> World:
        return self.sandbox.world


@asynccontextmanager
async def running(
    sandbox: Sandbox | World,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    tls: bool = False,
    tls_folder: Path | None = None,
    on_request: Callable[[], None] | None = None,
) -> AsyncIterator[Running]:
    """Serve a sandbox on loopback while the block runs; certificate and key go into `tls_folder`, or a private
    temporary folder.

    Raises:
        OSError: when the port cannot be had.
    """
    if isinstance(sandbox, World):
        sandbox = Sandbox(sandbox)
    with tempfile.TemporaryDirectory(prefix="quarterdeck-sandbox-") as folder:
        context: ssl.SSLContext | None = None
        ca_file: Path | None = None
        if tls:
            ca_file, key_file = make_certificate(tls_folder or Path(folder))
            context = server_context(ca_file, key_file)
        async with listening(sandbox.application, host, port, context, on_request) as url:
            yield Running(sandbox, url, ca_file)
