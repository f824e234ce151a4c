"""A flag of a flagd definition file, in our nouns. Pure.

What an application gets (flagd's documentation, "Flag definitions"; evaluated with openfeature-flagd-core 2.0.0):

- A flag that is DISABLED is as if there were none: each application uses the default in its own code, which may well be
  on. So DISABLED isn't off, and nothing here is switched off by it. The same goes for a flag without a default variant
  where no rule applies.
- Off is the variant that is off for everybody: as the default variant where there are no rules, else by a rule around
  all others (see `rules`).

Such a flag is read as on for 0% by another rule: whoever wants it off can switch it off.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from quarterdeck.fleet.readings import Audience, FlagReading
from quarterdeck.fleet.text import clean
from quarterdeck.providers.base import ProviderError
from quarterdeck.providers.flagd.editing import edited
from quarterdeck.providers.flagd.nodes import Node, encoded, line_of, plain
from quarterdeck.providers.flagd.parsing import parsed, same_but
from quarterdeck.providers.flagd.rules import Rules, Variants, read, written
from quarterdeck.release.plan import Facts, Risk
from quarterdeck.release.settlement import flag_facts
from quarterdeck.release.survey import FlagLimits

ENABLED, DISABLED = "ENABLED", "DISABLED"


@dataclass(frozen=True, slots=True)
class Definitions:
    """A whole file: `text` as it stands, `root` the same as a tree. `name` is for people."""

    name: str
    text: str
    root: Node
    _readings: dict[str | None, tuple[FlagReading, ...]] = field(default_factory=dict, compare=False, repr=False)

    @property
    def flags(self) -> Mapping[str, Node]:
        """By name. Raises ProviderError (garbage)."""
        found = self.root.mapping.get("flags")
        if found is None or not isinstance(found.value, Mapping):
            what = "its `flags` aren't a mapping by name" if found else "it has no `flags`"
            raise ProviderError("garbage", f"{self.name} is no flagd definition: {what}", "check `file`")
        return found.mapping

    def flag(self, name: str, group_field: str | None) -> Flag:
        """One of them.

        Raises:
            ProviderError: not_found; garbage, if it isn't a switch.
        """
        node = self.flags.get(name)
        if node is None:
            hint = "qd flag list shows those of the file"
            raise ProviderError("not_found", f"there is no flag {clean(name, 60)} in {self.name}", hint)
        flag = self.read(name, node, group_field)
        if isinstance(flag, Flag):
            return flag
        where = f"{self.name}, line {line_of(self.text, node.start)}: flag {clean(name, 60)}"
        raise ProviderError("misconfigured", f"{where} {flag}", "only flags of one true and one false variant switch")

    def changed(self, flag: Flag, facts: Facts) -> Definitions:
        """The file with one flag as these facts want it, and nothing else different.

        Raises:
            ProviderError: misconfigured, if that can't be.
        """
        found = self
        for stage in flag.stages(facts):
            now = found.flag(flag.name, flag.group_field)
            text = edited(found.text, now.node, now.wanted(stage))
            if text != found.text:
                found = Definitions(self.name, text, parsed(text, self.name))
        as_wanted = flag_facts(found.flag(flag.name, flag.group_field).reading) == facts
        if not as_wanted or not same_but(self.root, found.root, flag.name):
            message = f"{self.name}: this can't be written without changing something else"
            raise ProviderError("misconfigured", message, "change it in an editor, and plan again")
        return found

    def read(self, name: str, node: Node, group_field: str | None) -> Flag | str:
        """A flag, or why it is none that can be switched."""
        what = _what_is_wrong(node)
        if what:
            return what
        on, off = (
            [key for key, one in node.mapping["variants"].mapping.items() if one.value is is_on]
            for is_on in (True, False)
        )
        variants = Variants(on[0], off[0])
        targeting = node.mapping.get("targeting")
        rules = read(targeting, variants, group_field) if targeting and targeting.mapping else None
        shared = self.root.mapping.get("$evaluators")
        refers = '"$ref"' in encoded(node)
        version = hashlib.sha256(encoded([node, shared] if refers and shared else node).encode()).hexdigest()[:16]
        return Flag(name, node, variants, rules, group_field, version)

    def readings(self, prefix: str, group_field: str | None) -> tuple[FlagReading, ...]:
        """All flags whose names begin so, in order of their names. Raises ProviderError (garbage)."""
        if group_field not in self._readings:
            found = [self._reading(name, node, group_field) for name, node in self.flags.items()]
            self._readings[group_field] = tuple(sorted(found, key=lambda one: one.name.lower()))
        return tuple(one for one in self._readings[group_field] if one.name.startswith(prefix))

    def _reading(self, name: str, node: Node, group_field: str | None) -> FlagReading:
        shown = clean(name, 200)
        flag = self.read(name, node, group_field) if name == shown else "has a name that can't be shown"
        return flag.reading if isinstance(flag, Flag) else FlagReading(shown, True, other_rules=(flag,), locked=True)


@dataclass(frozen=True, slots=True)
class Flag:
    """A switch. `rules` is None where it has no targeting; `version` is the same while nothing of it has changed."""

    name: str
    node: Node
    variants: Variants
    rules: Rules | None
    group_field: str | None
    version: str

    @property
    def disabled(self) -> bool:
        """Whether each application uses the default in its code."""
        return self.node.mapping["state"].scalar == DISABLED

    @property
    def default(self) -> str | None:
        """The variant of whoever no rule gives one; None: the default in the code."""
        node = self.node.mapping.get("defaultVariant")
        return str(node.scalar) if node and node.scalar else None

    @property
    def enabled(self) -> bool:
        """Whether it isn't switched off."""
        if self._by_code:
            return True
        return not self.rules.waiting if self.rules else self.default == self.variants.on

    @property
    def percent(self) -> float | None:
        """Of everybody who is in no group."""
        if self.rules and self.rules.foreign_end:
            return None
        if self._by_code:
            return 0.0
        if self.rules is None:
            return None
        if self.rules.everybody:
            return self.rules.everybody.percent
        if self.default == self.variants.on:
            return 100.0
        return 0.0 if self.rules.foreign else None

    @property
    def reading(self) -> FlagReading:
        """In our nouns."""
        groups = {} if self.disabled or not self.rules else self.rules.groups
        about = self.node.mapping.get("metadata")
        described = about.mapping.get("description") if about else None
        return FlagReading(
            name=self.name,
            enabled=self.enabled,
            percent=self.percent,
            audience=tuple(Audience(group, percent) for group, percent in groups.items()),
            other_rules=tuple(self._others()),
            description=clean(str(described.scalar)) if described and described.scalar else "",
            etag=self.version,
        )

    @property
    def limits(self) -> FlagLimits:
        """What can be said of this flag as it is built now."""
        if self.rules and self.rules.foreign_end:
            why = f"its rule for everybody ({self.rules.others[-1]}) is of another kind than those written here"
            return FlagLimits(percent=False, audience=self.group_field is not None, why=why)
        if self.group_field is None:
            why = "groups need `group_field` in the address: the field of the context that names them"
            return FlagLimits(audience=False, why=why)
        return FlagLimits()

    def risks(self) -> Iterator[Risk]:
        """What may surprise."""
        name = clean(self.name, 60)
        if self.disabled:
            text = f"{name} is DISABLED, which isn't off: each application uses the default in its own code"
            yield Risk(
                "warning", "code-default", text, "a change of it makes it ENABLED: from then on the file decides"
            )
        elif self.default is None:
            text = f"{name} has no default variant: whom no rule gives one gets the default in the code"
            yield Risk(
                "warning", "code-default", text, "a change of it makes that variant off, unless all are to see it"
            )
        partly = self.percent is not None and self.percent < 100
        ruled = self.rules is not None and not self.rules.waiting and not self.disabled
        if ruled and self.default == self.variants.on and partly:
            text = f"{name}: users without the key of the draw see it on, whatever the percentage: its default is on"
            yield Risk("warning", "default-on", text)

    def stages(self, facts: Facts) -> Iterator[Facts]:
        """What to write one after the other so that as much text as can be stays: first the switch, which takes rules
        in or out as they are; then percentages, which are only numbers; then whatever has another shape."""
        now = flag_facts(self.reading)
        if not self._by_code:
            now = {**now, "enabled": facts["enabled"]}
            yield now
            if now["percent"] is not None and facts["percent"] is not None:
                groups = {group: facts["audience"].get(group, percent) for group, percent in now["audience"].items()}
                yield {**now, "percent": facts["percent"], "audience": groups}
        yield facts

    def wanted(self, facts: Facts) -> dict[str, Any]:
        """The flag's definition as these facts want it, with parts of the old tree in it.

        Raises:
            ProviderError: misconfigured, if it can't be said.
        """
        if facts == flag_facts(self.reading):
            return dict(self.node.mapping)
        on, groups, percent = bool(facts["enabled"]), dict(facts["audience"]), facts["percent"]
        foreign = bool(self.rules and (self.rules.foreign or self.rules.foreign_end))
        everybody = on and percent == 100 and not self._drawing(groups) and not foreign
        if self.rules and not self.disabled and (groups, percent) == (self.rules.groups, self.percent):
            switched = self._switched(on)
            if switched is not None:
                default = {"defaultVariant": self.variants.on} if everybody else {}
                return {**self.node.mapping, **default, "targeting": switched}
        if foreign and percent is None and self.percent is not None:
            what = f"flag {clean(self.name, 60)}: its other rules need a percentage for everybody else"
            raise ProviderError("misconfigured", what, "say one: qd flag rollout PERCENT")
        targeting = written(self.rules, groups, percent, on, self.variants, self.group_field)
        default_on = everybody or (on and not targeting)
        variant = self.variants.on if default_on else self.variants.off
        if foreign and self.default is not None:
            variant = self.default
        new: dict[str, Any] = {**self.node.mapping, "state": ENABLED, "defaultVariant": variant}
        if targeting != {} or self.rules:
            new["targeting"] = targeting
        return new

    def _drawing(self, groups: Mapping[str, float]) -> bool:
        """Whether a group gets less than all by a draw: who has no key for it gets the default variant."""
        links = self.rules.links if self.rules else ()
        drawn = {link.group for link in links if link.share and link.share.fractional}
        return any(one < 100 and (one > 0 or group in drawn) for group, one in groups.items())

    def _switched(self, on: bool) -> Any:
        """The targeting, if nothing but the switch changes: the rules go in or come out as they are, with their text.
        None where what comes out is no expression."""
        old = self.node.mapping["targeting"]
        if not on:
            return {"if": [False, old, self.variants.off]}
        rules = old.mapping["if"].items[1]
        return rules if rules.mapping else None

    @property
    def _by_code(self) -> bool:
        return self.disabled or (self.rules is None and self.default is None)

    def _others(self) -> Iterator[str]:
        if self.disabled:
            yield "DISABLED: the default in the code"
        elif self.default is None:
            yield "no default variant: the default in the code"
        if self.rules:
            yield from self.rules.others


def _what_is_wrong(node: Node) -> str:
    """Why this is no switch, "" if it is one."""
    variants = node.mapping.get("variants")
    values = plain(variants) if variants and variants.mapping else None
    state = node.mapping.get("state")
    default = node.mapping.get("defaultVariant")
    if values is None:
        return "has no variants"
    if sorted(map(str, values.values())) != ["False", "True"] or not all(isinstance(v, bool) for v in values.values()):
        return f"is no switch: its variants are {clean(', '.join(values), 60)}"
    if state is None or state.scalar not in (ENABLED, DISABLED):
        return f"has no state {ENABLED} or {DISABLED}"
    if default is not None and isinstance(default.value, bool):
        return "has a default variant that is a truth value in YAML: put it in quotes"
    if default is not None and not default.null and default.scalar not in ("", *values):
        return f"has a default variant that isn't one of {clean(', '.join(values), 60)}"
    targeting = node.mapping.get("targeting")
    if targeting is not None and not targeting.null and not isinstance(targeting.value, Mapping):
        return "has targeting that is no rule"
    return ""
