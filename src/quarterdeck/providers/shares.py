"""What routers have in common that write all shares at once, and know their destinations by network addresses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from quarterdeck.fleet.readings import TrafficReading
from quarterdeck.fleet.text import clean
from quarterdeck.fleet.topology import Address
from quarterdeck.providers.base import ProviderError, Refused
from quarterdeck.release.plan import Step
from quarterdeck.release.settlement import settle_shares
from quarterdeck.release.splitting import would_be_unsafe

NAMES = "names."
"""How the parts of an address begin that give destinations names: `names.stable` is `10.0.0.1:80`."""


def names_of(address: Address) -> dict[str, str]:
    """The names that a configuration gives to destinations, by what the system calls them."""
    return {called: part.removeprefix(NAMES) for part, called in address.parts.items() if part.startswith(NAMES)}


def named(called: Sequence[str], address: Address, where: str, kind: str) -> tuple[str, ...]:
    """The names of destinations, in their order: as the configuration gives them, else as the system calls them.

    Args:
        called: what the system calls them.
        where, kind: for people: what divides the traffic, and what its destinations are (`upstream`).

    Raises:
        ProviderError: misconfigured; a name is given to what isn't there, or two would have the same one. Shares go by
            name, so that both would get what one of them is to have.
    """
    given = names_of(address)
    if strange := [one for one in given if one not in called]:
        hint = f"it has: {', '.join(clean(one, 60) for one in called) or 'none'}"
        raise ProviderError("misconfigured", f"{where} has no {kind} {', '.join(strange)}", hint)
    names = tuple(given.get(one, clean(one, 100)) for one in called)
    if twice := [name for place, name in enumerate(names) if name in names[:place]]:
        message = f"{where} has two of the name {twice[0]}"
        raise ProviderError("misconfigured", message, f"give each {kind} a name of its own in `names`")
    return names


def each_once(names: Mapping[str, str]) -> dict[str, str]:
    """Names by destination, as a configuration has them. Raises ValueError if two mean the same one."""
    if len({name.lower() for name in names}) < len(names):
        raise ValueError("two names differ by letter case only")
    if len(set(names.values())) < len(names):
        raise ValueError("two names mean the same destination")
    return dict(names)


def is_due(step: Step, now: TrafficReading) -> bool:
    """Whether the shares that a step sets are still to be written, as things are right before the write.

    Raises:
        Refused: they aren't what the plan has seen, or must not be written as things are now.
    """
    if step.verb != "set_shares":
        raise Refused("misconfigured", f"all shares are written at once here: nothing can {step.verb}", "plan again")
    settlement = settle_shares(step, now)
    if settlement.state == "done":
        return False
    there, wanted = {d.name for d in now.destinations}, set(step.change["shares"])
    if there != wanted:
        strange = ", ".join(sorted(there ^ wanted))
        raise Refused("not_found", f"destinations came or went since the plan was made: {strange}", "plan again")
    if settlement.state != "not_done":
        shares = ", ".join(f"{d.name} {d.share:.4g}%" for d in now.destinations)
        raise Refused("provider_error", f"somebody changed it since the plan was made (now {shares})", "plan again")
    if unsafe := would_be_unsafe(step, now):
        raise Refused("provider_error", unsafe)
    return True
