"""Strategies: those that are declared by name, and those that stand where they are used."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from quarterdeck.config.checking import check, suggestion
from quarterdeck.config.names import Names, listed, section
from quarterdeck.config.nodes import Mapping, Node, Scalar, Sequence, child, dotted, nothing
from quarterdeck.config.nodes import Path as NodePath
from quarterdeck.config.problems import Mark, Report, shown
from quarterdeck.config.quantities import Names as Many
from quarterdeck.config.quantities import Part, Span
from quarterdeck.config.stepping import STEPS
from quarterdeck.release.strategy import (
    AnalysisStep,
    ApprovalStep,
    BakeStep,
    PauseStep,
    Strategy,
    StrategyStep,
    WeightStep,
)

_HARMLESS = (AnalysisStep, ApprovalStep, BakeStep, PauseStep)
_EXAMPLE = "write NAME, or {steps: [...]}"


class StrategyEntry(Part):
    """A way to release; see `release.strategy.Strategy`."""

    steps: list[Any]
    analysis: Many = ()
    on_failure: Literal["rollback", "pause"] = "rollback"
    confirm_within: Span | None = None
    pause_limit: Span | None = None


class Strategies:
    """All strategies of a configuration."""

    def __init__(self, tree: Mapping, names: Names, report: Report) -> None:
        self._names, self._report = names, report
        self.all: list[Strategy] = []
        for name, mark, node in section(tree, "strategies").items():
            self._strategy(name, mark, node, ("strategies", name))

    def named(self, node: Node | None, path: NodePath, own: str) -> str:
        """The name of the strategy that a node means: it names one, or it is one itself, and gets the name `own`."""
        if node is None or nothing(node):
            return ""
        if isinstance(node, Mapping):
            if self._names.add("strategy", own, node.mark, path):
                self._strategy(own, node.mark, node, path)
            return own
        if isinstance(node, Sequence):
            self._report.add(node.mark, dotted(path), "must be the name of a strategy, or one itself", _EXAMPLE)
            return ""
        return next(iter(self._names.refer("strategy", node, path)), "")

    def _strategy(self, name: str, mark: Mark, node: Node, path: NodePath) -> None:
        entry = check(StrategyEntry, node if not nothing(node) else Mapping(mark), path, self._report)
        gates = self._names.refer("gate", child(node, "analysis"), (*path, "analysis"))
        steps = [self._step(item, (*path, "steps", index)) for index, item in enumerate(listed(node, "steps"))]
        if entry is None:
            return
        whole = tuple(step for step in steps if step)
        self.all.append(Strategy(name, whole, gates, entry.on_failure, entry.confirm_within, entry.pause_limit))
        if not steps:
            self._report.add(mark, dotted((*path, "steps")), "must have at least one step", _known())
        elif len(whole) == len(steps):
            self._sense(whole, node, path)

    def _step(self, node: Node, path: NodePath) -> StrategyStep | None:
        """One step: a word (`pause`), or a mapping of which one key says what is done."""
        if isinstance(node, Scalar) and node.text:
            node = Mapping(node.mark, {node.text: Scalar(node.mark, None)}, {node.text: node.mark})
        if not isinstance(node, Mapping) or not node.entries:
            self._report.add(node.mark, dotted(path), "is not a step", _known())
            return None
        verbs = [verb for verb in STEPS if verb in node.entries]
        if not verbs:
            key, mark = next(iter(node.keys.items()))
            self._report.add(mark, dotted(path), f"there is no step {shown(key)}", suggestion(key, list(STEPS)))
            return None
        others = [verb for verb in verbs[1:] if verb not in STEPS[verbs[0]].model_fields]
        if others:
            message = f"one step does one thing, and this one does {' and '.join((verbs[0], *others))}"
            self._report.add(node.mark, dotted(path), message, "make a step of each")
            return None
        entry = check(STEPS[verbs[0]], node, path, self._report)
        self._refer(node, path)
        rolling = child(node, "rolling")
        if rolling is not None:
            self._refer(rolling, (*path, "rolling"))
        return entry.step(Path(node.mark.file).parent) if entry else None

    def _refer(self, node: Node, path: NodePath) -> None:
        self._names.refer("gate", child(node, "analysis"), (*path, "analysis"))
        self._names.refer("approval", child(node, "approval"), (*path, "approval"))
        self._names.refer("ring", child(node, "promote_ring"), (*path, "promote_ring"))

    def _sense(self, steps: tuple[StrategyStep, ...], node: Node, path: NodePath) -> None:
        """Warn of what is allowed and probably not meant."""
        if all(isinstance(step, _HARMLESS) for step in steps):
            self._report.warn(node.mark, dotted(path), "changes nothing: no step deploys, swaps, shifts or flips")
        reached: dict[str, float] = {}
        for index, step in enumerate(steps):
            for name, share in step.shares.items() if isinstance(step, WeightStep) else ():
                if share < reached.get(name, 0) and share:
                    message = f"goes down from {reached[name]:g} to {share:g} percent"
                    at = child(child(node, "steps") or node, index) or node
                    self._report.warn(at.mark, dotted((*path, "steps", index)), message, "weights rise as a rule")
                reached[name] = share


def _known() -> str:
    return f"known: {', '.join(STEPS)}"
