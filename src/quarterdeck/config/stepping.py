"""The steps of a strategy, each a key with what belongs to it."""

from __future__ import annotations

from collections.abc import Mapping as AbstractMapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from quarterdeck.config.programs import located
from quarterdeck.config.quantities import Delay, Names, Part, Percent, Share, Span, Text, at_least_one, holding
from quarterdeck.fleet.readings import Audience
from quarterdeck.release.action import SwapMode
from quarterdeck.release.strategy import (
    AnalysisStep,
    ApprovalStep,
    BakeStep,
    DeployStep,
    FlagStep,
    PauseStep,
    RingStep,
    RollingStep,
    RunStep,
    StrategyStep,
    SwapStep,
    WeightStep,
)


class Entry(Part):
    """One step as it is written."""

    def step(self, folder: Path) -> StrategyStep:
        """What it means. Relative paths are taken from `folder`."""
        raise NotImplementedError


class _Slot(Part):
    slot: Text = ""


class DeployEntry(Entry):
    """`deploy`, or `deploy: {slot: NAME}`."""

    deploy: _Slot | None = None

    def step(self, folder: Path) -> StrategyStep:
        return DeployStep(self.deploy.slot if self.deploy else "")


def _shares(value: Any) -> Any:
    return {"": value} if isinstance(value, str) else value


def _at_most_all(shares: dict[str, float]) -> dict[str, float]:
    if not shares:
        raise ValueError("must be a percentage, or names with percentages")
    if sum(shares.values()) > 100:
        raise ValueError(f"adds up to {sum(shares.values()):g} percent: at most 100")
    return shares


class WeightEntry(Entry):
    """`set_weight: 5`, or `set_weight: {NAME: 5}`, with a `tolerance` if the observed share is to agree."""

    set_weight: Annotated[dict[str, Percent], BeforeValidator(_shares), AfterValidator(_at_most_all)]
    tolerance: Share | None = None

    def step(self, folder: Path) -> StrategyStep:
        return WeightStep(self.set_weight, self.tolerance)


class _Flag(Part):
    flag: Text
    label: str = ""
    on: bool | None = None
    percent: Percent | None = None
    audience: dict[Text, Percent] | None = None

    @model_validator(mode="after")
    def _something(self) -> _Flag:
        if self.on is None and self.percent is None and self.audience is None:
            raise ValueError("changes nothing: give it `on`, `percent` or `audience`")
        return self


class FlagEntry(Entry):
    """`set_flag: {flag: NAME, on: true}`, or with `percent` or `audience`."""

    set_flag: _Flag

    def step(self, folder: Path) -> StrategyStep:
        said = self.set_flag
        audience = None if said.audience is None else tuple(Audience(*one) for one in said.audience.items())
        return FlagStep(said.flag, said.label, said.on, said.percent, audience)


class PauseEntry(Entry):
    """`pause`, until somebody promotes; or `pause: 10m`."""

    pause: Span | None = None

    def step(self, folder: Path) -> StrategyStep:
        return PauseStep(self.pause)


class BakeEntry(Entry):
    """`bake: 10m`, with `analysis: GATE` if gates have to hold all the while."""

    bake: Span
    analysis: Names = ()

    def step(self, folder: Path) -> StrategyStep:
        return BakeStep(self.bake, self.analysis)


class AnalysisEntry(Entry):
    """`analysis: GATE`, or several."""

    analysis: Annotated[Names, AfterValidator(at_least_one)]

    def step(self, folder: Path) -> StrategyStep:
        return AnalysisStep(self.analysis)


class ApprovalEntry(Entry):
    """`approval: NAME`."""

    approval: Text

    def step(self, folder: Path) -> StrategyStep:
        return ApprovalStep(self.approval)


class RingEntry(Entry):
    """`promote_ring: NAME`."""

    promote_ring: Text

    def step(self, folder: Path) -> StrategyStep:
        return RingStep(self.promote_ring)


class _Swap(Part):
    preview: bool = False
    complete: bool = False
    cancel: bool = False
    source: str = Field(default="", alias="from")
    destination: str = Field(default="", alias="to")

    @model_validator(mode="after")
    def _one_mode(self) -> _Swap:
        if self.preview + self.complete + self.cancel > 1:
            raise ValueError("is one of `preview`, `complete` and `cancel`, not several")
        return self

    @property
    def mode(self) -> SwapMode:
        return "preview" if self.preview else "complete" if self.complete else "cancel" if self.cancel else "swap"


class SwapEntry(Entry):
    """`swap`, or `swap: {preview: true}` and the like."""

    swap: _Swap | None = None

    def step(self, folder: Path) -> StrategyStep:
        said = self.swap or _Swap()
        return SwapStep(said.mode, said.source, said.destination)


class _Rolling(Part):
    drain: bool = False
    bake: Delay = 0
    analysis: Names = ()

    @model_validator(mode="after")
    def _time_to_judge(self) -> _Rolling:
        if self.analysis and not self.bake:
            raise ValueError("has gates and no time for them: add `bake`")
        return self


class RollingEntry(Entry):
    """`rolling`, or `rolling: {drain: true, bake: 5m, analysis: GATE}`."""

    rolling: _Rolling | None = None

    def step(self, folder: Path) -> StrategyStep:
        said = self.rolling or _Rolling()
        return RollingStep(said.drain, said.bake, said.analysis)


_Word = Annotated[Text, holding("service", "environment", "version", "previous")]
_Words = Annotated[tuple[_Word, ...], AfterValidator(at_least_one)]


class RunEntry(Entry):
    """`run: [PROGRAM, ARGUMENT, ...]`."""

    run: _Words
    timeout: Span = 600
    repeatable: bool = False
    undo: _Words | None = None

    def step(self, folder: Path) -> StrategyStep:
        undo = located(self.undo, folder) if self.undo else ()
        return RunStep(located(self.run, folder), self.timeout, self.repeatable, undo)


STEPS: AbstractMapping[str, type[Entry]] = {
    "deploy": DeployEntry,
    "swap": SwapEntry,
    "set_weight": WeightEntry,
    "set_flag": FlagEntry,
    "promote_ring": RingEntry,
    "rolling": RollingEntry,
    "run": RunEntry,
    "pause": PauseEntry,
    "bake": BakeEntry,
    "analysis": AnalysisEntry,
    "approval": ApprovalEntry,
}
"""By the key that says what a step does. `analysis` comes after those that it may stand beside."""
