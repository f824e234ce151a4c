"""What a provider offers: capabilities, each able to observe, survey, send one write, follow it, and settle it.

The planner and the executor know these protocols and nothing of any system behind them. The rules for authors:

- `observe_*` reads many places with few requests and never raises for one bad place: it reports a Trouble for it.
- `survey_*` reads one place afresh, completely, just before a plan; it raises `ProviderError`.
- `send` performs exactly one write, once. It never retries by itself unless the step is `repeatable`.
- Whatever `send` can't be sure of is `InDoubt`, never "failed".
- `settle` only reads; `release/settlement.py` has the facts of each verb and compares them. Acknowledged is not
  done: the executor calls it after every step, and after every crash.
- For whom a write is sent, and why, `providers/errand.py` tells while it is sent, where a system keeps that in words.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

from quarterdeck.clock import Clock
from quarterdeck.fleet.observation import Trouble, TroubleCode
from quarterdeck.fleet.readings import Reading
from quarterdeck.fleet.topology import Address, Connection, Place, Role
from quarterdeck.release.gate import Evidence as Evidence
from quarterdeck.release.gate import GateSpec
from quarterdeck.release.plan import Step
from quarterdeck.release.run_survey import PipelineSurvey as PipelineSurvey
from quarterdeck.release.run_survey import RunSurvey as RunSurvey
from quarterdeck.release.settlement import Settlement as Settlement
from quarterdeck.release.survey import DeploySurvey as DeploySurvey
from quarterdeck.release.survey import FlagSurvey as FlagSurvey
from quarterdeck.release.survey import Limits as Limits
from quarterdeck.release.survey import SwapSurvey as SwapSurvey
from quarterdeck.release.survey import TrafficSurvey as TrafficSurvey


class ProviderError(Exception):
    """A provider could not be read, or said no before anything was changed.

    Attributes:
        trouble: what to tell people; holds no secret.
    """

    def __init__(self, code: TroubleCode, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.trouble = Trouble(code, message, hint)

    def before_sending(self) -> Refused:
        """The same, met on the way to a write of which nothing has left: so it had no effect."""
        told = self.trouble
        message = told.message if told.message.startswith(NOTHING_SENT) else f"{NOTHING_SENT}: {told.message}"
        return Refused(told.code, message, told.hint)


NOTHING_SENT = "nothing was sent"


class Refused(ProviderError):
    """The provider refused a write outright: nothing was changed by it."""


class InDoubt(ProviderError):
    """A write may or may not have taken effect (time-out, dropped line, 5xx). Only reading can tell."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a provider gave back for a write that goes on by itself.

    Attributes:
        reference: the provider's id of the operation, safe to show and to store ("" if it has none).
        token: what is needed to go on polling after a restart. May hold a signed URL: a secret, sealed before it
            is stored; "" when the write was complete with its answer.
    """

    reference: str = ""
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Progress:
    """One look at a write that goes on by itself. `wait` is how many seconds to leave before the next look."""

    state: Literal["running", "finished", "failed"]
    detail: str = ""
    wait: float = 15


Observed = Mapping[str, Reading | Trouble]
"""By `Place.subject`."""


class Capability(Protocol):
    """What all capabilities share: reading many places, and writing one step at a time."""

    source: str
    """What to name as the source of its observations, for example `azure resource graph`."""

    async def observe(self, places: Sequence[Place]) -> Observed:
        """Read all these places with as few requests as the system allows. Never raises for a single place.

        Where each place costs a request of its own, a round may leave some out, in turns: what is known of them
        stays, and keeps its age.
        """
        ...

    async def permitted(self, address: Address) -> bool | None:
        """Whether these credentials may write here; None if the system doesn't tell."""
        ...

    async def send(self, step: Step) -> Receipt:
        """Perform the one write of a step.

        Raises:
            Refused: it was turned down, nothing changed.
            InDoubt: nobody knows; settle it.
        """
        ...

    async def poll(self, step: Step, receipt: Receipt) -> Progress:
        """Look at a write under way.

        Raises:
            ProviderError: the look itself failed; the write may well go on.
        """
        ...

    async def settle(self, step: Step) -> Settlement:
        """Compare what is there now with the step's `before` and `after`. Reads only.

        Raises:
            ProviderError: it can't be read now.
        """
        ...


@runtime_checkable
class SlotHost(Capability, Protocol):
    """Slots that swap. Performs the verbs swap, preview, complete and cancel."""

    async def survey_swap(self, address: Address, source: str, destination: str) -> SwapSurvey:
        """Read both sides of a swap. Raises ProviderError."""
        ...


@runtime_checkable
class TrafficRouter(Capability, Protocol):
    """Shares of traffic. Performs set_shares (atomic routers) or set_destination (one at a time)."""

    async def survey_traffic(self, address: Address) -> TrafficSurvey:
        """Read the split afresh. Raises ProviderError."""
        ...


@runtime_checkable
class FlagStore(Capability, Protocol):
    """Feature flags. Performs set_flag, conditionally on what was read."""

    async def survey_flag(self, address: Address, name: str, label: str) -> FlagSurvey:
        """Read one flag afresh. Raises ProviderError (code not_found if there is none)."""
        ...


@runtime_checkable
class BuildHost(Capability, Protocol):
    """Slots that builds are put into. Performs the verb deploy; plays the role `slots`, like a SlotHost."""

    async def survey_deploy(self, address: Address, slot: str) -> DeploySurvey:
        """Read what a slot holds. Raises ProviderError (code not_found if there is no such slot)."""
        ...


@runtime_checkable
class PipelineHost(Capability, Protocol):
    """Runs of automation, and what they wait for. Performs decide_run, start_run, cancel_run and rerun_run.

    None of these has an idempotency key anywhere: `settle` finds out by what only that write can have changed (see
    `release/run_settlement.py`).
    """

    async def survey_run(self, address: Address, run: str) -> RunSurvey:
        """Read a run and all that was decided about it afresh. Raises ProviderError (not_found: no such run of it)."""
        ...

    async def survey_pipeline(self, address: Address) -> PipelineSurvey:
        """Read what a new run would find. Raises ProviderError."""
        ...


@runtime_checkable
class GateSource(Protocol):
    """Evidence for gates. Only reads, from a connection as a whole: it has no places."""

    source: str
    """What to name as the source of a measurement, for example `prometheus`."""

    async def measure(self, gate: GateSpec) -> Evidence:
        """Ask the gate's question once, now; names in its options are filled in already.

        An answer that holds no value (an empty vector, NaN, a query that matches nothing) is an Evidence without one.

        Raises:
            ProviderError: nobody answered, or the question can't be asked (code misconfigured).
        """
        ...


class Session(Protocol):
    """A live connection of a provider: its credential and clients, opened late, closed once."""

    def capability(self, role: Role) -> Capability | None:
        """The capability that plays a role, or None if this provider doesn't have it."""
        ...

    def gates(self) -> GateSource | None:
        """What answers for gates, or None if this provider doesn't."""
        ...

    async def identity(self) -> str:
        """Who the credential says we are (a user principal name, an application id); from the token's claims.

        Raises:
            ProviderError: not signed in.
        """
        ...

    def check(self) -> AsyncIterator[tuple[str, Trouble | None]]:
        """For `qd check`: what was tried, and what is wrong with it (None: it works)."""
        ...

    async def close(self) -> None:
        """Close clients and credentials."""
        ...


@dataclass(frozen=True, slots=True)
class SessionContext:
    """What the runner gives a session.

    Attributes:
        tell: shows a line to whoever waits at a terminal (a device code, for instance).
        secret: the value behind a reference such as `${env:NAME}`; raises ProviderError (misconfigured).
        may_write: to be asked last thing before a write leaves, after all reading and signing in that took time;
            raises Refused when this process has lost the right to write meanwhile (it was stopped, or somebody else
            took over).
    """

    clock: Clock
    tell: Callable[[str], None]
    secret: Callable[[str], str]
    may_write: Callable[[], None] = lambda: None


class Provider(Protocol):
    """What the entry point group `quarterdeck.providers` leads to. Must import nothing heavy."""

    names: Sequence[str]
    """The values of `provider:` in a configuration that mean this provider."""

    def schema(self, name: str) -> Mapping[str, type]:
        """Pydantic models by part: `connection`, and each role it plays (`slots`, `traffic`, `flags`,
        `pipelines`). A provider whose
        sessions answer for gates has the key `gates`, with a model of the keys of a gate that are its own (`query`); it
        may have the key `alerts`, with a model that refuses `matchers` which it couldn't read.

        A `slots` address of a provider that also divides traffic between slots is used for `slot_traffic` too if
        `slot_traffic` is a key and its model takes the address.

        The models get texts (the type of a field decides what a text means, so no field may be strict) and should
        forbid unknown keys. A field of type `SecretStr` takes a reference such as `${env:NAME}` and nothing else (in
        a connection only: addresses are stored and shown); a `Path` is taken relative to the file it stands in. What
        a model holds becomes the options of a `Connection` or the parts of an `Address`, defaults included (see
        `Connection` for the form).
        """
        ...

    def open(self, connection: Connection, context: SessionContext) -> Session:
        """A session for a connection. Does no I/O yet.

        Raises:
            ProviderError: code misconfigured.
        """
        ...

    def sandboxed(self, connection: Connection, announcement: Mapping[str, Any]) -> Connection:
        """The same connection, pointed at a running sandbox; `announcement` is the line a sandbox prints when ready."""
        ...
