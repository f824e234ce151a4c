"""What happens to one slot: start, stop, restart, a new build."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from quarterdeck.sandbox.world.builds import Build
from quarterdeck.sandbox.world.conflict import SiteConflict
from quarterdeck.sandbox.world.deployments import Deployment
from quarterdeck.sandbox.world.deploytrouble import DeployTrouble
from quarterdeck.sandbox.world.sites import Content, Site, Slot

if TYPE_CHECKING:
    from quarterdeck.sandbox.world.world import World


class Lifecycle:
    """Changes to single slots, with the restarts they cause; `troubles` are the deploy faults in force."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.troubles: list[DeployTrouble] = []

    def require_free(self, site: Site, operation: str) -> None:
        """Let a change to a site pass when nothing holds it.

        Raises:
            SiteConflict: while another operation is in progress, in App Service's words.
        """
        if not site.operation_id:
            return
        created = datetime.fromtimestamp(site.operation_since, UTC)
        raise SiteConflict(
            "Cannot modify this site because another operation is in progress. Details: "
            f"Id: {site.operation_id}, OperationName: SwapSiteSlots, "
            f"CreatedTime: {created:%-m/%-d/%Y %-I:%M:%S %p}, WebSystemName: websites, "
            f"SubscriptionName: {self._world.subscription}, SiteName: {site.name}, RequestedOperation: {operation}"
        )

    def require_unprepared(self, site: Site, slot: Slot) -> None:
        """Let a settings change pass unless the slot is prepared for a swap.

        Raises:
            SiteConflict: while a preview is pending, in App Service's words.
        """
        if site.prepared is not None and slot.name in (site.prepared.source, site.prepared.target):
            raise SiteConflict(
                "The slot cannot be changed because its configuration settings have been prepared for swap."
            )

    def start(self, site: Site, slot: Slot) -> None:
        """Start a stopped slot; a running one stays as it is."""
        self.require_free(site, "StartSite")
        if slot.running:
            return
        slot.running = True
        self._world.log.add("site.started", site.label(slot))
        self.begin_restart(site, slot, self._world.clock.now())

    def stop(self, site: Site, slot: Slot) -> None:
        """Stop a slot; its requests are refused from now on."""
        self.require_free(site, "StopSite")
        now = self._world.clock.now()
        slot.running = False
        slot.modified = now
        site.note(now)
        self._world.log.add("site.stopped", site.label(slot))

    def restart(self, site: Site, slot: Slot) -> None:
        """Restart a slot on request."""
        self.require_free(site, "RestartSite")
        self._world.log.add("site.restarted", site.label(slot), cause="request")
        self.begin_restart(site, slot, self._world.clock.now())

    def settings_changed(self, site: Site, slot: Slot, what: str) -> None:
        """Note a change of settings, which restarts the slot."""
        now = self._world.clock.now()
        slot.modified = now
        self._world.log.add(f"settings.{what}", site.label(slot))
        self.begin_restart(site, slot, now)

    def begin_restart(self, site: Site, slot: Slot, at: float, seconds: float | None = None) -> None:
        """Restart from `at` on, for `seconds` or as long as a restart with warm-up takes."""
        taken = self._world.physics.restart + slot.content.build.warm_up if seconds is None else seconds
        slot.modified = at
        slot.ready_at = at + taken
        site.note(at)
        self._world.agenda.at(slot.ready_at, site.note)

    def deploy(
        self,
        site: Site,
        slot: Slot,
        build: Build,
        *,
        deployment_id: str = "",
        message: str = "",
        author: str = "pipeline",
        deployer: str = "ZipDeploy",
    ) -> Deployment:
        """Begin to put a build into a slot. When it is there the slot restarts, and swaps itself if it is set to."""
        now = self._world.clock.now()
        deployment = Deployment(
            id=deployment_id or f"{self._world.random.getrandbits(128):032x}",
            build=build,
            message=message or f"Deploy {build.version}",
            author=author,
            deployer=deployer,
            started=now,
            finished=now + self._world.physics.deploy,
            failed=any(trouble.strikes(site.name) for trouble in self.troubles),
        )
        content = slot.content
        content.deployments.append(deployment)
        self._world.log.add("deploy.started", site.label(slot), version=build.version, deployment=deployment.id)
        self._world.agenda.at(deployment.finished, lambda at: self._deployed(site, content, deployment, at))
        return deployment

    def behave(self, image: str, version: str, changes: Mapping[str, Any]) -> list[str]:
        """Have a build behave otherwise from now on, in every slot that holds it and wherever it comes to later: an
        image, or all that is of a version. Gives the labels of the slots.

        Raises:
            ValueError: for what a build hasn't, or can't have.
        """
        builds, now = self._world.sites.builds, self._world.clock.now()

        def changed(build: Build) -> Build | None:
            meant = build.image == image if image else build.version == version
            return Build.from_json({**build.as_json(), **changes}) if meant else None

        named = builds.of_image(image) if image else builds.of_version(version)
        for build in filter(None, map(changed, [named, *builds])):
            builds.add(build)
        labels = []
        for site in self._world.sites:
            for slot in site.slots.values():
                found = changed(slot.content.build)
                if found is not None:
                    slot.content.build = found
                    labels.append(site.label(slot))
            site.note(now)
        self._world.log.add("build.changed", image or version, slots=labels, **changes)
        return labels

    def use_image(self, site: Site, slot: Slot, image: str) -> None:
        """Point a container slot at another image; there is no deployment record for that."""
        slot.content.build = self._world.sites.builds.of_image(image)
        self._world.log.add("image.changed", site.label(slot), version=slot.content.build.version, image=image)

    def _deployed(self, site: Site, content: Content, deployment: Deployment, at: float) -> None:
        # A swap may have moved the content meanwhile: the files are where the content is.
        slot = next((slot for slot in site.slots.values() if slot.content is content), None)
        if slot is None or self._world.sites.named(site.name) is not site:
            return
        if deployment.failed:
            version = deployment.build.version
            self._world.log.add("deploy.failed", site.label(slot), at=at, version=version, deployment=deployment.id)
            return
        for earlier in content.deployments:
            earlier.active = False
        deployment.active = True
        content.build = deployment.build
        if site.linux and deployment.build.image:
            slot.config["linuxFxVersion"] = f"DOCKER|{deployment.build.image}"
        self._world.log.add(
            "deploy.finished",
            site.label(slot),
            at=at,
            version=deployment.build.version,
            deployment=deployment.id,
        )
        self.begin_restart(site, slot, at)
        self._swap_by_itself(site, slot, at)

    def _swap_by_itself(self, site: Site, slot: Slot, at: float) -> None:
        """Auto swap, which Linux apps and containers do not have (Microsoft's documentation)."""
        target = site.slot(str(slot.config.get("autoSwapSlotName") or ""))
        if target is None or target is slot or site.linux or site.operation_id or site.prepared:
            return
        self._world.swaps.begin(site, slot, target, cause="auto swap", at=at)
