"""What Traffic Manager's probes find at the sites of the world."""

from __future__ import annotations

from quarterdeck.sandbox.world.monitoring import ProbeResult
from quarterdeck.sandbox.world.profile import Monitor
from quarterdeck.sandbox.world.sites import Site, Sites, Slot

FAILING = 0.5
"""Part of its requests that a build must fail for its probes to be taken as failing. A probe is one request, so
below that most of them succeed, and one success is enough."""


def probe(sites: Sites, host: str, monitor: Monitor, at: float) -> ProbeResult:
    """What a probe of that host finds, now or in the past; a host outside the world is healthy."""
    found = slot_at(sites, host)
    if found is None:
        return "healthy"
    site, slot = found
    epoch = site.history.at(at)
    serving = epoch.serving.get(slot.name) if epoch else None
    if serving is None or serving.condition == "stopped":
        return "stopped"
    redirected = slot.https_only and monitor.protocol.upper() == "HTTP"
    return "failing" if redirected or serving.error_rate >= FAILING else "healthy"


def host_of(sites: Sites, resource_id: str) -> str | None:
    """The host name of the site or slot with that ARM id, None when there is none."""
    parts = resource_id.strip("/").split("/")
    if len(parts) not in (8, 10) or parts[6].lower() != "sites":
        return None
    site = sites.find(parts[3], parts[7])
    slot = site.slot(parts[9] if len(parts) == 10 else "production") if site else None
    return slot.host if slot else None


def slot_at(sites: Sites, host: str) -> tuple[Site, Slot] | None:
    """The site and slot with that default host name."""
    label = host.lower().removesuffix(f".{sites.suffix}")
    # `site-slot` may hold more hyphens than the one between: every split is tried.
    cuts = [len(label), *(index for index, character in enumerate(label) if character == "-")]
    for cut in cuts:
        site = sites.named(label[:cut])
        slot = next((slot for slot in site.slots.values() if slot.host == host.lower()), None) if site else None
        if site and slot:
            return site, slot
    return None
