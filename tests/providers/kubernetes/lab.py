"""A namespace in a cluster, what is in it, and who moves it: the same for our own small server and for a real one.

Argo's controller is nowhere to be had, so a stand-in plays it: it reads a Rollout and writes its status as the
documents of Argo Rollouts say. It acts when a test tells it to.
"""

from __future__ import annotations

import json
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from tests.providers.kubernetes.objects import Object, replica_set

from quarterdeck.clock import SystemClock
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Connection, Place
from quarterdeck.providers import registry
from quarterdeck.providers.base import Session, SessionContext, SlotHost, TrafficRouter

SHOP = TargetId("production", "web")
BASES = {
    "rollouts": "/apis/argoproj.io/v1alpha1",
    "httproutes": "/apis/gateway.networking.k8s.io/v1",
    "replicasets": "/apis/apps/v1",
}


@dataclass
class Lab:
    """One namespace of one cluster."""

    url: str
    authority: Path
    namespace: str
    sessions: list[Session] = field(default_factory=list)
    clients: list[httpx.AsyncClient] = field(default_factory=list)

    def session(self, token: str = "alice-token", **options: str) -> Session:
        """As the runner opens it."""

        def secret(reference: str) -> str:
            return token

        found = registry.load("kubernetes").open(
            Connection(
                "k8s",
                "kubernetes",
                {"url": self.url, "token": "${env:TOKEN}", "ca_file": str(self.authority), **options},
            ),
            SessionContext(SystemClock(), lambda _: None, secret),
        )
        self.sessions.append(found)
        return found

    def router(self, **options: str) -> TrafficRouter:
        found = self.session(**options).capability("traffic")
        assert isinstance(found, TrafficRouter)
        return found

    def host(self, **options: str) -> SlotHost:
        found = self.session(**options).capability("slots")
        assert isinstance(found, SlotHost)
        return found

    def place(self, service: str = "web", **parts: str) -> Place:
        """Of traffic, unless it has neither rollout nor route."""
        address = Address("k8s", {"namespace": self.namespace, **parts})
        return Place("traffic", TargetId("production", service), address)

    def slots(self, name: str = "web") -> Place:
        return Place("slots", TargetId("production", name), self.place(rollout=name).address)

    async def create(self, resource: str, document: Object) -> Object:
        return await self._ask("POST", resource, "", document)

    async def get(self, resource: str, name: str) -> Object:
        return await self._ask("GET", resource, name)

    async def patch(self, resource: str, name: str, document: Object) -> Object:
        """As somebody else would, without a condition."""
        return await self._ask("PATCH", resource, name, document)

    async def status(self, resource: str, name: str, status: Object) -> Object:
        return await self._ask("PATCH", resource, f"{name}/status", {"status": status})

    async def _ask(self, method: str, resource: str, name: str, document: Object | None = None) -> Object:
        if not self.clients:
            trust = ssl.create_default_context(cafile=str(self.authority))
            headers = {"Authorization": "Bearer admin-token"}
            self.clients.append(httpx.AsyncClient(verify=trust, headers=headers))
        path = f"{BASES[resource]}/namespaces/{self.namespace}/{resource}" + (f"/{name}" if name else "")
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        answer = await self.clients[0].request(
            method,
            f"{self.url}{path}",
            content=json.dumps(document) if document is not None else None,
            headers={"Content-Type": kind},
        )
        assert answer.is_success, answer.text
        found: Object = answer.json()
        return found

    async def close(self) -> None:
        for session in self.sessions:
            await session.close()
        for client in self.clients:
            await client.aclose()


@dataclass
class Controller:
    """Argo's controller, for one Rollout."""

    lab: Lab
    name: str

    async def begin(self, document: Object, *, stable: str = "aaa", image: str = "shop/web:1.0") -> None:
        """The Rollout as it stands a while after it was made: one version, which serves."""
        made = await self.lab.create("rollouts", document)
        await self._pods(made, stable, image, 5, 5)
        await self._write({"stableRS": stable, "currentPodHash": stable, "availableReplicas": 5, "phase": "Healthy",
                           "currentStepIndex": 0, "blueGreen": {"activeSelector": stable, "previewSelector": stable},
                           "observedGeneration": str(made["metadata"]["generation"])})  # fmt: skip

    async def update(self, hash_: str = "bbb", image: str = "shop/web:2.0", *, wanted: int = 5, up: int = 5) -> None:
        """Somebody has declared another image, and its pods are up: as many as there should be."""
        await self.lab.patch(
            "rollouts", self.name, {"spec": {"template": {"spec": {"containers": [{"name": "web", "image": image}]}}}}
        )
        made = await self.lab.get("rollouts", self.name)
        await self._pods(made, hash_, image, wanted, up)
        status: dict[str, Any] = {
            "currentPodHash": hash_,
            "currentStepIndex": 0,
            "observedGeneration": str(made["metadata"]["generation"]),
            "abort": None,
            "promoteFull": None,
        }
        if "blueGreen" in made["spec"]["strategy"]:
            status |= {"blueGreen": {"previewSelector": hash_}, **_pause("BlueGreenPause")}
            await self._write({**status, "phase": "Paused"})
        else:
            await self._write(status)
            await self.act()

    async def act(self) -> None:
        """Do what is to be done now: go on to the next pause, to the end, or back."""
        document = await self.lab.get("rollouts", self.name)
        spec, status = document["spec"], document["status"]
        if status["currentPodHash"] == status["stableRS"]:
            return
        if "blueGreen" in spec["strategy"]:
            if not status.get("pauseConditions") and not status.get("abort"):
                await self._serve(status["currentPodHash"])
            return
        steps, at = spec["strategy"]["canary"]["steps"], status["currentStepIndex"]
        if status.get("abort"):
            back = {"currentStepIndex": 0, "pauseConditions": None, "controllerPause": None, "phase": "Degraded"}
            await self._write({**back, "message": "RolloutAborted: Rollout aborted update", **weights(0)})
            return
        if status.get("promoteFull"):
            await self._serve(status["currentPodHash"])
            return
        if status.get("pauseConditions"):
            return
        if status.get("controllerPause"):
            at += 1
        share = 0
        while at < len(steps):
            if "pause" in steps[at]:
                share = next((one["setWeight"] for one in reversed(steps[:at]) if "setWeight" in one), 0)
                await self._write(
                    {"currentStepIndex": at, **_pause("CanaryPauseStep"), "phase": "Paused", **weights(share)}
                )
                return
            at += 1
        await self._serve(status["currentPodHash"])

    async def _serve(self, hash_: str) -> None:
        """To everybody."""
        document = await self.lab.get("rollouts", self.name)
        steps = document["spec"]["strategy"].get("canary", {}).get("steps", [])
        await self._write({
            "stableRS": hash_, "currentStepIndex": len(steps), "promoteFull": None, "pauseConditions": None,
            "controllerPause": None, "phase": "Healthy", "message": None,
            "blueGreen": {"activeSelector": hash_, "previewSelector": hash_}, **weights(0),
        })  # fmt: skip

    async def _pods(self, owner: Object, hash_: str, image: str, wanted: int, up: int) -> None:
        made = await self.lab.create("replicasets", replica_set(owner, hash_, image, wanted))
        counts = {"replicas": wanted, "availableReplicas": up, "readyReplicas": up}
        await self.lab.status("replicasets", made["metadata"]["name"], counts)

    async def _write(self, status: Object) -> None:
        await self.lab.status("rollouts", self.name, status)


def weights(canary: int) -> Object:
    """What a traffic router holds."""
    split = {"canary": {"weight": canary, "podTemplateHash": "bbb"}, "stable": {"weight": 100 - canary}}
    return {"canary": {"weights": split}}


def _pause(reason: str) -> Object:
    return {"pauseConditions": [{"reason": reason, "startTime": "2026-11-23T10:00:00Z"}], "controllerPause": True}
