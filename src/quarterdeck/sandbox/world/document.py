"""A world file: JSON that says what exists.

    seed, subscription, tenant, start (UNIX seconds), speed (0: stepped)
    physics         see `Physics`
    builds          list of builds, see `Build`; slots and deployments refer to them by version or image
    groups          list of {name, location}
    sites           list of
        group, name, location, plan, linux, sku
        rate        requests per second that reach it by its own name
        service, environment, region    labels of its metrics
        sticky      {app_settings: [...], connection_strings: [...]}
        ramp        {slot: percent} of new clients, the rest stays in production
        slots       {name: {build | image, app_settings, connection_strings, config, tags, https_only,
                    client_affinity, authentication, running, auto_swap}}; "production" must be there
    container_apps  list of
        group, name, location, rate, service, environment, region    as of a site
        multiple    whether several revisions may be active
        revisions   {name: {build | image, active, broken}}, oldest first
        traffic     list of {revision (none: the latest), weight, label}
    front_doors     list of origin groups
        group, profile, name, latency (milliseconds), affinity, probed
        origins     {name: {host, weight, priority, enabled}}
    cloud_services  list of {group, name, location, slot (Production, Staging), partner, version, instances, stopped}
    profiles        Traffic Manager profiles, as ARM shows them
    traffic         {name under trafficmanager.net: requests per second that come through it}
    configuration   App Configuration key-values: key, label, value, content_type, tags, locked
    principals      list of {principal ("*": everyone), scope, role (owner, contributor, reader, none)}
    alerts          list of alert rules beside the usual one, see `alerting`
    pipelines       list of repositories with workflows, see `pipelines`; accounts: whose tokens are good there
    releases        list of release definitions, see `releases`
    faults          list of faults, see `faults`

`{subscription}` in any text stands for the subscription's id.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from quarterdeck.sandbox.world.alerting import AlertRule
from quarterdeck.sandbox.world.builds import Build
from quarterdeck.sandbox.world.deployments import Deployment
from quarterdeck.sandbox.world.physics import Physics
from quarterdeck.sandbox.world.sites import PRODUCTION, Site, Slot, StickyNames

if TYPE_CHECKING:
    from quarterdeck.sandbox.world.world import World

_KEYS = {
    "seed",
    "subscription",
    "tenant",
    "start",
    "speed",
    "physics",
    "builds",
    "groups",
    "sites",
    "container_apps",
    "front_doors",
    "cloud_services",
    "profiles",
    "traffic",
    "configuration",
    "principals",
    "alerts",
    "faults",
    "pipelines",
    "accounts",
    "releases",
}
_SITE_KEYS = {
    "group",
    "name",
    "location",
    "plan",
    "linux",
    "sku",
    "rate",
    "service",
    "environment",
    "region",
    "sticky",
    "ramp",
    "slots",
}
_SLOT_KEYS = {
    "build",
    "image",
    "app_settings",
    "connection_strings",
    "config",
    "tags",
    "https_only",
    "client_affinity",
    "authentication",
    "running",
    "auto_swap",
}
_AGE = 86_400.0
"""How many seconds before the world began its builds were deployed, when nothing says otherwise."""


def plant(world: World, document: Mapping[str, Any]) -> None:
    """Fill an empty world with what a document says.

    Raises:
        ValueError: saying where the document is wrong, and how.
    """
    _known(document, _KEYS, "the world")
    text = json.dumps(document).replace("{subscription}", world.subscription)
    document = json.loads(text)
    world.physics = Physics.from_json(document.get("physics", {}))
    for build in document.get("builds", []):
        world.sites.builds.add(Build.from_json(build))
    for group in document.get("groups", []):
        world.sites.add_group(_needed(group, "name", "a group"), _needed(group, "location", "a group"))
    for site in document.get("sites", []):
        _plant_site(world, site)
    world.container_apps.load(document.get("container_apps", []))
    world.front_doors.load(document.get("front_doors", []))
    world.cloud_services.load(document.get("cloud_services", []))
    world.profiles.load(document.get("profiles", []))
    for profile in world.profiles:
        world.sites.add_group(profile.resource_group, profile.location)
    world.traffic = {str(name): float(rate) for name, rate in document.get("traffic", {}).items()}
    world.configuration.load(document.get("configuration", []))
    world.pipelines.load(document.get("pipelines", []), document.get("accounts", []))
    world.releases.load(document.get("releases", []))
    for rule in document.get("alerts", []):
        world.alerting.put(AlertRule.from_json(rule))
    for assignment in document.get("principals", []):
        world.authorization.assign(
            _needed(assignment, "principal", "an entry of principals"),
            assignment.get("scope", ""),
            _needed(assignment, "role", "an entry of principals"),
        )


def _plant_site(world: World, document: Mapping[str, Any]) -> None:
    _known(document, _SITE_KEYS, "a site")
    name = _needed(document, "name", "a site")
    where = f"site {name}"
    slots = document.get("slots", {PRODUCTION: {}})
    if PRODUCTION not in slots:
        raise ValueError(f"{where}: there is no slot called {PRODUCTION}")
    now = world.clock.now()
    order = sorted(slots, key=lambda slot: slot != PRODUCTION)
    linux = bool(document.get("linux", any("image" in slot for slot in slots.values())))
    site = Site(
        group=_needed(document, "group", where),
        name=name,
        location=_needed(document, "location", where),
        plan=document.get("plan", f"{document['group']}-plan"),
        slots={slot.lower(): _slot(world, where, name, slot, slots[slot], now) for slot in order},
        linux=linux,
        sku=document.get("sku", "Standard"),
        rate=float(document.get("rate", 0.0)),
        service=document.get("service", ""),
        environment=document.get("environment", ""),
        region=document.get("region", ""),
        sticky=StickyNames(**document.get("sticky", {})),
    )
    rules = []
    for slot, percent in document.get("ramp", {}).items():
        aim = site.slot(slot)
        if aim is None or aim.is_production or not 0 <= percent <= 100:
            raise ValueError(f"{where}: ramp gives slots other than production 0 to 100 percent, not {slot}: {percent}")
        rules.append({"actionHostName": aim.host, "reroutePercentage": float(percent), "name": aim.name})
    if rules:
        site.production.config["experiments"] = {"rampUpRules": rules}
    world.sites.add(site)
    site.note(now - _AGE)


def _slot(world: World, where: str, site: str, name: str, document: Mapping[str, Any], now: float) -> Slot:
    _known(document, _SLOT_KEYS, f"{where}, slot {name}")
    sites = world.sites
    image = document.get("image", "")
    build = sites.builds.of_image(image) if image else sites.builds.of_version(str(document.get("build", "1.0.0")))
    content = sites.content(site, name, build)
    content.deployments.append(
        Deployment(
            id=f"{world.random.getrandbits(128):032x}",
            build=build,
            message=f"Deploy {build.version}",
            author="pipeline",
            deployer="GITHUB_ZIP_DEPLOY" if not image else "CONTAINER",
            started=now - _AGE - 30,
            finished=now - _AGE,
            active=True,
        )
    )
    config = dict(document.get("config", {}))
    if image:
        config["linuxFxVersion"] = f"DOCKER|{image}"
    if document.get("auto_swap"):
        config["autoSwapSlotName"] = document["auto_swap"]
    return Slot(
        name=name,
        host=sites.host(site, name),
        content=content,
        app_settings=dict(document.get("app_settings", {})),
        connection_strings={
            key: {"value": str(value["value"]), "type": str(value["type"])}
            for key, value in document.get("connection_strings", {}).items()
        },
        config=config,
        tags=dict(document.get("tags", {})),
        running=document.get("running", True),
        https_only=document.get("https_only", True),
        client_affinity=document.get("client_affinity", True),
        authentication=document.get("authentication", False),
        modified=now - _AGE,
        ready_at=now - _AGE,
    )


def _known(document: Mapping[str, Any], keys: set[str], what: str) -> None:
    if not isinstance(document, Mapping):
        raise ValueError(f"{what} is an object")
    unknown = sorted(set(document) - keys)
    if unknown:
        raise ValueError(f"{what} has no {', '.join(unknown)}; it has {', '.join(sorted(keys))}")


def _needed(document: Mapping[str, Any], key: str, what: str) -> str:
    value = document.get(key)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{what} needs a {key}")
    return value
