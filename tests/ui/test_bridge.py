"""The Bridge as it is arranged by keys, and as it looks then. Accept a changed look by `--snapshot-update`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.ui.conftest import Start
from tests.ui.driving import press, see, type_in
from tests.ui.release_scenes import sail
from tests.ui.scenes import Scene, place, slots, swap_plan
from tests.ui.test_bulk import asked, carry_out, plan_all, plan_of
from tests.ui.test_snapshots import Before, after
from textual.pilot import Pilot

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.topology import Environment, Fleet
from quarterdeck.release.plan import Refusal, Risk
from quarterdeck.ui.pages.cells import cell_line
from quarterdeck.ui.screens.bridge import Bridge
from quarterdeck.ui.spans import plain

Compare = Callable[..., bool]
SIZE = (80, 24)
SERVICES = ("shop-cart", "shop-checkout", "shop-search", "pay-api", "pay-ledger", "mail", "images", "login")
MANY = Fleet(
    "contoso-shop",
    (Environment("staging"), Environment("production", protected=True)),
    SERVICES,
    tuple(place("slots", f"{env}/{service}") for env in ("staging", "production") for service in SERVICES),
)


def publish_many(scene: Scene) -> None:
    """Eight services, of which two want a look."""
    scene.publish(MANY, {one.subject: slots("1.4.0", "1.4.0") for one in MANY.places})
    scene.see({"slots/production/pay-api": slots("1.4.0", "1.4.1", health="unhealthy")})
    scene.fail("slots/production/mail", Trouble("unreachable", "no answer from management.azure.com"))


def services(text: str) -> list[str]:
    """The services from the top, as they stand in the first column."""
    found = [row.split()[0] for row in text.splitlines() if row.strip()]
    return [name for name in found if name in SERVICES]


async def test_hide_healthy_counts_what_it_hides_and_shows_what_becomes_sick(scene: Scene, start: Start) -> None:
    publish_many(scene)
    async with start().run_test(size=SIZE) as pilot:
        text = await press(pilot, "minus")
        assert services(text) == ["pay-api", "mail"]
        assert "6 healthy hidden; - shows them" in text
        scene.see({"slots/staging/login": slots("1.4.0", "1.4.0", health="unhealthy")})
        text = await see(pilot)
        assert services(text) == ["pay-api", "mail", "login"]
        assert "5 healthy hidden" in text
        assert services(await press(pilot, "minus")) == list(SERVICES)


async def test_every_choice_of_the_view_menu_is_one_key(scene: Scene, start: Start) -> None:
    publish_many(scene)
    async with start().run_test(size=SIZE) as pilot:
        menu = await press(pilot, "v")
        assert "▸ n  no groups (now)" in menu
        text = await press(pilot, "x")
        assert "── SHOP  3" in text
        assert services(text)[:5] == ["shop-cart", "shop-checkout", "shop-search", "pay-api", "pay-ledger"]
        text = await press(pilot, "v", "w")
        assert "grouped by prefix · worst first" in text
        assert services(text)[:2] == ["mail", "pay-api"] or services(text)[:2] == ["pay-api", "pay-ledger"]
        assert services(await press(pilot, "v", "n")) == [
            "mail", "pay-api", *(one for one in SERVICES if one not in ("mail", "pay-api")),
        ]  # fmt: skip
        assert isinstance(pilot.app.screen, Bridge)
        await press(pilot, "v", "escape")
        assert isinstance(pilot.app.screen, Bridge)


async def test_only_what_changed_since_then(scene: Scene, start: Start) -> None:
    publish_many(scene)
    scene.end(scene.start(swap_plan(), ago=300), "succeeded", ago=200)
    async with start().run_test(size=(100, 30)) as pilot:
        text = await press(pilot, "v", "1")
        assert services(text)[:2] == ["pay-api", "mail"]
        assert "6 unchanged for 10m hidden; v shows them" in text
        assert "since you left" not in await press(pilot, "v", "4", "escape")
    app = start()
    app._left_at = scene.clock.now() - 50_000
    async with app.run_test(size=(100, 30)) as pilot:
        await press(pilot, "v", "4")
        assert "0 unchanged since you left hidden" in await see(pilot)  # every build is younger than that


async def test_pins_and_order_are_there_in_the_next_session(scene: Scene, start: Start) -> None:
    publish_many(scene)
    async with start(store_path=scene.path).run_test(size=SIZE) as pilot:
        await press(pilot, "end", "asterisk", "v", "a", "minus")
    async with start(store_path=scene.path).run_test(size=SIZE) as pilot:
        text = await see(pilot)
        assert services(text)[:3] == ["login", "images", "mail"]
        assert "login *" in text
        assert "hidden" not in text
        await press(pilot, "home", "asterisk")
        assert services(await see(pilot))[:3] == ["images", "login", "mail"]


async def test_the_view_survives_going_to_another_screen(scene: Scene, start: Start) -> None:
    publish_many(scene)
    async with start().run_test(size=SIZE) as pilot:
        await press(pilot, "minus", "m", "7")
        text = await press(pilot, "1")
        assert "6 healthy hidden" in text or "5 healthy hidden" in text
        assert "■ 1 marked" in text


async def test_letters_that_hide_trouble_say_so(scene: Scene, start: Start) -> None:
    publish_many(scene)
    async with start().run_test(size=SIZE) as pilot:
        await press(pilot, "slash")
        await type_in(pilot, "shop")
        text = await press(pilot, "enter")
        assert services(text) == ["shop-cart", "shop-checkout", "shop-search"]
        assert "5 without 'shop' hidden, 2 of them want a look; Esc shows them" in text


async def test_the_cursor_stays_on_its_service_whatever_the_order(scene: Scene, start: Start) -> None:
    publish_many(scene)
    async with start().run_test(size=SIZE) as pilot:
        await press(pilot, "down", "down")
        for keys in (("v", "w"), ("v", "s"), ("v", "n"), ("v", "a")):
            assert "production/shop-search" in await press(pilot, *keys)


async def test_a_wide_screen_tells_ages_and_draws_shares_in_the_cells(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=(300, 80)) as pilot:
        text = await see(pilot)
    assert "● 2.14.3 ok (staging 2.15.0 10%) 75/25% ██████░░  built 3h ago, read just now" in text


async def test_while_a_step_moves_clients_their_share_is_only_a_bound(scene: Scene, start: Start) -> None:
    sail(scene, "baking")
    async with start().run_test(size=(140, 36)) as pilot:
        await see(pilot)
        cell = pilot.app.picture.rows[0].cells[-1]  # type: ignore[attr-defined]
    release = cell.release
    assert " 25% bake" in plain(cell_line(cell))
    moving = tuple(replace(step, kind="swap") if step.current else step for step in release.steps)
    under_way = replace(cell, release=replace(release, steps=moving))
    assert " up to 25% bake" in plain(cell_line(under_way))


async def test_what_a_row_waits_for_has_its_own_column_where_there_is_room(scene: Scene, start: Start) -> None:
    sail(scene, "baking")
    async with start().run_test(size=(140, 36)) as pilot:
        head, first = [row for row in (await see(pilot)).splitlines() if row.startswith(("SERVICE", "checkout "))]
    assert head.split()[-1] == "WAITING"
    assert first.rstrip().endswith("bake 6:12")


async def test_five_thousand_services_in_twelve_environments_scroll_sideways(scene: Scene, start: Start) -> None:
    environments = tuple(Environment(f"env-{number:02}") for number in range(12))
    names = tuple(f"svc-{number:04}" for number in range(5000))
    places = tuple(place("slots", f"{environments[number % 12].name}/{name}") for number, name in enumerate(names))
    scene.publish(Fleet("large", environments, names, places), {one.subject: slots("1", "1") for one in places[:60]})
    async with start().run_test(size=SIZE) as pilot:
        text = await see(pilot)
        assert "ENV-11" in text
        assert "< 4 m" in text
        text = await press(pilot, *["left"] * 11)
        assert "ENV-00" in text
        assert "more >" in text
        await press(pilot, "end")
        assert "svc-4999" in await see(pilot)


# --- how it looks -------------------------------------------------------------------------------------------------
def sizes(*several: tuple[int, int]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("size", several, ids=[f"{columns}x{rows}" for columns, rows in several])


@sizes((60, 20), SIZE, (120, 36), (200, 50))
def test_grouped_pinned_and_marked(scene: Scene, start: Start, snap_compare: Compare, size: tuple[int, int]) -> None:
    publish_many(scene)
    keys = ("asterisk", "down", "m", "down", "down", "m", "v", "x")
    assert snap_compare(start(), terminal_size=size, run_before=after(*keys))


def test_healthy_hidden(scene: Scene, start: Start, snap_compare: Compare) -> None:
    publish_many(scene)
    assert snap_compare(start(), terminal_size=SIZE, run_before=after("minus"))


def test_ascii_without_colours(scene: Scene, start: Start, snap_compare: Compare) -> None:
    publish_many(scene)
    keys = ("asterisk", "down", "m", "v", "s")
    assert snap_compare(start("quarterdeck-mono", ascii=True), terminal_size=SIZE, run_before=after(*keys))


@sizes(SIZE, (120, 36))
@pytest.mark.parametrize("keys", [("v",), ("m", "down", "m", "s")], ids=["view", "bulk-swap-menu"])
def test_menus(scene: Scene, start: Start, snap_compare: Compare, keys: tuple[str, ...], size: tuple[int, int]) -> None:
    publish_many(scene)
    assert snap_compare(start(), terminal_size=size, run_before=after(*keys))


def test_everything_at_once_on_a_wall(scene: Scene, start: Start, snap_compare: Compare) -> None:
    sail(scene, "baking")
    assert snap_compare(start(), terminal_size=(200, 50), run_before=after())


def bulk_plan(scene: Scene) -> Before:
    """Three services, one plan: two are answered, the third is refused."""

    def answered() -> None:
        first, *others, last = asked(scene, "plan")
        risk = Risk("warning", "warmup", "warm-up accepts every answer, a 500 too")
        scene.answer(first, plan=plan_of(first, risks=(risk,)))
        for request in others:
            scene.answer(request, plan=plan_of(request))
        scene.answer(last, refusal=Refusal("locked", "ben@jump2 has it: release 7", "wait, or ask ben"))

    publish_many(scene)
    return after("m", "down", "m", "down", "m", "u", then=answered)


@sizes((60, 20), SIZE, (120, 36))
def test_bulk_plan(scene: Scene, start: Start, snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(start(), terminal_size=size, run_before=bulk_plan(scene))


def bulk_progress(scene: Scene) -> Before:
    """The first of three is through, the second is under way."""

    async def run(pilot: Pilot[Any]) -> None:
        await press(pilot, "m", "down", "m", "down", "m", "u")
        _, plans = await plan_all(scene, pilot)
        await type_in(pilot, "production")
        await press(pilot, "enter")
        carry_out(scene, "succeeded", plan=plans[0])
        await see(pilot)
        second = asked(scene, "confirm")[-1]
        operation = scene.start(plans[1])
        scene.answer(second, operation=operation)
        scene.step(operation, "accepted", detail="warming up")
        assert await see(pilot)

    publish_many(scene)
    return run


@sizes(SIZE, (120, 36))
def test_bulk_progress(scene: Scene, start: Start, snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(start(), terminal_size=size, run_before=bulk_progress(scene))


@pytest.mark.parametrize("going", [bulk_plan, bulk_progress], ids=["plan", "progress"])
def test_in_bulk_in_ascii(scene: Scene, start: Start, snap_compare: Compare, going: Callable[[Scene], Before]) -> None:
    app = start("quarterdeck-mono", ascii=True)
    assert snap_compare(app, terminal_size=SIZE, run_before=going(scene))
