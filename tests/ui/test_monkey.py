"""Somebody hammers on the keyboard and pulls at the window while the world goes on: nothing breaks, nothing happens in
production, and what is on the screen is in order."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.ui.driving import NAMED
from tests.ui.pipeline_scenes import piped
from tests.ui.release_scenes import SCENES, govern, past
from tests.ui.scenes import NOW, READINGS, Scene, flag_plan, slots, swap_plan
from tests.ui.tidiness import disorder
from textual.events import Key
from textual.geometry import Size
from textual.pilot import Pilot

from quarterdeck import paths
from quarterdeck.fleet.codec import from_json, to_json
from quarterdeck.fleet.observation import Trouble
from quarterdeck.release.action import Action
from quarterdeck.release.guards import Hold
from quarterdeck.release.operation import CHOICES
from quarterdeck.release.plan import Plan, Refusal
from quarterdeck.store.base import Draft, Request
from quarterdeck.ui.cockpit import Cockpit
from quarterdeck.ui.settings import Settings
from quarterdeck.ui.theming import choose

KEYS = [
    *"12345678jkhlgGnNvxdstfpauryHwmzoicebACELPSTXY", "slash", "colon", "question_mark", "minus", "asterisk", "space",
    "left_square_bracket", "right_square_bracket", "comma", "full_stop", "plus", "tab", "shift+tab", "backspace",
    "pageup", "pagedown", "home", "end", "ctrl+p", "ctrl+l", "f1", "変", "é",
    *("up", "down", "left", "right") * 4, *("enter",) * 8, *("escape",) * 6,
]  # fmt: skip
"""All but those that leave or suspend."""
WRITTEN = {name: letter for letter, name in NAMED.items()}
BURST = 25


class Stays(Cockpit):
    """Leaving is among the choices of the palette: that one is taken as done."""

    def leave(self) -> None:
        self.say("somebody wants to leave")

    def action_suspend_process(self) -> None:
        self.say("somebody wants to suspend")


@dataclass
class World:
    """What goes on meanwhile: readings change, operations come and go, and the runner answers everything."""

    scene: Scene
    chance: random.Random
    plans: dict[str, Plan] = field(default_factory=dict)
    confirmed: list[Plan] = field(default_factory=list)
    launched: list[Request] = field(default_factory=list)
    running: list[str] = field(default_factory=list)

    def goes_on(self) -> None:
        """A little time passes."""
        self.scene.clock.at += self.chance.choice((0.1, 0.3, 1, 5, 40))
        for request in self.scene.store.pending():
            if self.chance.random() < 0.7:
                self._answer(request)
        for change in self.chance.sample((self._see, self._fail, self._begin, self._finish, self._freeze), 2):
            change()

    def _answer(self, request: Request) -> None:
        made: dict[str, Any] = {"said": "so be it"}
        if self.chance.random() < 0.15:
            made = {"refusal": Refusal("stale", "something else is there now", "plan again")}
        elif request.kind == "plan":
            plan = self._plan(request)
            self.plans[plan.id] = plan
            made = {"plan": plan}
        elif request.kind == "confirm":
            self.confirmed.append(self.plans[request.body["plan"]])
            made = {"operation": self.scene.start(self.confirmed[-1], ago=0)}
        elif request.kind == "launch":
            self.launched.append(request)
        elif request.kind == "propose":
            made = {"refusal": Refusal("usage", "no strategy fits", "name one")}
        self.scene.answer(request, **made)

    def _plan(self, request: Request) -> Plan:
        action: Action = from_json(Action, request.body["action"])
        protected = action.target.environment == "production"
        make = swap_plan if protected else flag_plan
        risks = self.chance.choice(((), swap_plan().risks)) if protected else ()
        ends = self.scene.clock.now() + self.chance.choice((2, 300))
        return make(action, id=f"plan-{request.id}", request=request.id, risks=risks, expires_at=ends)

    def _see(self) -> None:
        subject = self.chance.choice([one for one in READINGS if one.startswith("slots/")])
        self.scene.see({subject: slots(f"2.{self.chance.randrange(30)}.0", "2.15.0")}, ago=0)

    def _fail(self) -> None:
        self.scene.fail(self.chance.choice([*READINGS]), Trouble("unreachable", "no answer", "wait"), since=0)

    def _begin(self) -> None:
        self.running.append(self.scene.start(swap_plan(), ago=0, actor="ben@jump2"))
        self.scene.step(self.running[-1], "intended", ago=0)

    def _finish(self) -> None:
        if self.running:
            ending = self.chance.choice(("succeeded", "failed", "rolled_back", "needs_operator"))
            self.scene.end(self.running.pop(), ending, "", CHOICES if ending == "needs_operator" else (), ago=0)

    def _freeze(self) -> None:
        hold = Hold(f"h{self.scene.clock.at}", "freeze", "production", "ben@jump2", "audit", NOW)
        self.scene.record(Draft("hold.placed", "ben@jump2", body={"hold": to_json(hold)}))


async def hammer(pilot: Pilot[None], world: World, keys: int) -> None:
    """So many random keys in bursts; the world goes on and the window changes between them."""
    app, chance = pilot.app, world.chance
    assert isinstance(app, Cockpit)
    history: list[str] = []
    for _ in range(keys // BURST):
        burst = chance.choices(KEYS, k=BURST)
        history = [*history, *burst][-200:]
        for key in burst:
            app.post_message(Key(key, key if len(key) == 1 else WRITTEN.get(key)))
            if chance.random() < 0.2:
                await pilot.pause()
        world.goes_on()
        if chance.random() < 0.4:
            await pilot.resize_terminal(chance.randint(20, 300), chance.randint(6, 80))
        app.look()
        await pilot.pause()
        assert app.is_running, f"it has ended after {history}"
        assert app.size.width < 60 or app.size.height < 20 or disorder(app) == [], f"after {history}"
    while len(app.screen_stack) > 2 and app.is_running:
        before = len(app.screen_stack)
        await pilot.press("escape", "escape")
        assert len(app.screen_stack) < before or app.deck() is app.screen, "Esc leads nowhere"
        if app.deck() is app.screen:
            break


async def let_loose(scene: Scene, seed: int, keys: int) -> World:
    piped(scene)
    govern(scene)
    past(scene)
    SCENES["waiting"](scene)
    theme, _ = choose("quarterdeck-dark", (paths.shared_dir("themes"),))
    settings = Settings(actor="ana@jump1", clock=scene.clock, state=scene.path.parent, store_path=scene.path)
    app = Stays(scene.viewer(), settings, theme)
    world = World(scene, random.Random(seed))
    async with app.run_test(size=(80, 24)) as pilot:
        await hammer(pilot, world, keys)
        assert app.size != Size(0, 0)
    return world


def nothing_happened_in_production(world: World) -> bool:
    return not world.launched and not any(plan.type_to_confirm for plan in world.confirmed)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_random_keys_break_nothing_and_change_nothing_in_production(scene: Scene, seed: int) -> None:
    assert nothing_happened_in_production(await let_loose(scene, seed, 350))


@pytest.mark.skipif("QUARTERDECK_LONG_WALK" not in os.environ, reason="takes minutes: set QUARTERDECK_LONG_WALK=1")
async def test_ten_thousand_random_keys_break_nothing_and_change_nothing_in_production(scene: Scene) -> None:
    seed = int(os.environ.get("QUARTERDECK_SEED", "2026"))
    assert nothing_happened_in_production(await let_loose(scene, seed, 10_000))
