"""The app: holds the picture, repaints what changed, and hands in what is asked for. It never talks to a provider."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual.app import App
from textual.binding import Binding, BindingType
from textual.events import Event, InputEvent
from textual.theme import Theme

from quarterdeck.fleet.targets import TargetId
from quarterdeck.store.asking import Asker
from quarterdeck.store.base import Store, StoreError
from quarterdeck.ui import keymap
from quarterdeck.ui.deeds import Where
from quarterdeck.ui.leaving import Leaving
from quarterdeck.ui.pages.farewell import goes_on
from quarterdeck.ui.returning import meanwhile
from quarterdeck.ui.screens import catalogue
from quarterdeck.ui.screens.bridge import Bridge
from quarterdeck.ui.screens.deck import Deck
from quarterdeck.ui.screens.dialog import Dialog
from quarterdeck.ui.settings import Settings
from quarterdeck.ui.spans import WORDS
from quarterdeck.ui.standing import stands
from quarterdeck.ui.steering import Steering
from quarterdeck.ui.trail import Place
from quarterdeck.ui.watching import News, Watch

if TYPE_CHECKING:
    from quarterdeck.release.action import Action
    from quarterdeck.release.picture import FlagCell
    from quarterdeck.release.release_plan import Wish
    from quarterdeck.release.release_view import ReleaseView
    from quarterdeck.ui.bulk.chain import Chain
    from quarterdeck.ui.calling import Caller
    from quarterdeck.ui.glance.making import Keeper
    from quarterdeck.ui.screens.order import Question
    from quarterdeck.ui.tour import Tour
    from quarterdeck.ui.wearing import Mirror

LOOK_EVERY = 0.25
"""Seconds between two looks at the store's version: one short read."""
REPAINT_EVERY = 5.0
"""Seconds after which ages are judged again although nothing was written."""
MOST_OF_THE_TIME = 0.01
"""The part of the time that judging ages of a large fleet again may take."""
TICK_EVERY = 1.0
"""Seconds between two steps of a clock that runs down."""
REVIVE_EVERY = 10.0
"""Seconds between two attempts to get a runner while none is alive."""

THEME_DEFAULTS: Mapping[str, str] = {
    "qd-border": "ansi_default",
    "qd-background": "ansi_default",
    **{f"qd-{word}{part}": "ansi_default" for word in WORDS for part in ("", "-on", "-line")},
    **{f"qd-{word}-style": "none" for word in WORDS},
}
"""A look for every name that our style sheets use: Textual parses them before it knows the theme."""


def _collect_again() -> None:
    """Whoever starts the cockpit may switch the collector off until the first frame stands."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


class Cockpit(App[None]):
    """The viewer of one store."""

    ENABLE_COMMAND_PALETTE = False
    # Before everything else: an input line would copy instead.
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+c", "leave_now", show=False, priority=True)]
    CSS = """
    Screen { background: $qd-background; color: $qd-text; }
    .-ascii Dialog > #box { border: ascii $qd-border; }
    Input { background: $qd-background; color: $qd-text; }
    Input:focus { background-tint: transparent; }
    Input > .input--placeholder, Input > .input--suggestion { color: $qd-dim; text-style: $qd-dim-style; }
    Input > .input--cursor, Input > .input--selection {
        color: $qd-cursor; background: $qd-cursor-on; text-style: $qd-cursor-style;
    }
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        theme: Theme,
        *,
        problem: str = "",
        left_at: float | None = None,
        leaving: Leaving | None = None,
        keeper: Keeper | None = None,
    ) -> None:
        """`problem` is said at the start (a theme that couldn't be read, for instance).

        `left_at`: when this operator left the last cockpit (UNIX seconds), to tell what happened since. `leaving`:
        how the process ends on a signal; None where somebody else looks after signals. `keeper`: who remembers what
        is painted for the first frame of the next cockpit.

        Raises:
            keymap.BadKey: if the preferences ask for a key that can't be had.
        """
        super().__init__(ansi_color=theme.ansi)
        self.register_theme(theme)
        self.theme = theme.name
        self.store, self.settings = store, settings
        self.asker = Asker(store, settings.actor, "cockpit", settings.clock, settings.read_only)
        self.sight = Watch(store, settings.clock)
        self.picture = self.sight.picture()
        self.steering: Steering = Steering(self)
        self.copied = ""
        self.keys = keymap.read(settings.preferences.keys)
        self.set_keymap(self.keys.changed)
        self.chain: Chain | None = None
        """What was last said yes to together, and how far it is."""
        self.tour: Tour | None = None
        self._problem, self._left_at, self._leaving = problem, left_at, leaving
        self._keeper = keeper
        self._caller: Caller | None = None
        self._mirror: Mirror | None = None
        self._news = News.NOTHING
        self._painted_at = 0.0
        self._painting_took = 0.0
        self._revived_at = float("-inf")
        self.set_class(bool(settings.ascii), "-ascii")

    @property
    def left_at(self) -> float | None:
        """When this operator left the last cockpit (UNIX seconds), None if nobody knows."""
        return self._left_at

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """See `THEME_DEFAULTS`."""
        return dict(THEME_DEFAULTS)

    async def on_mount(self) -> None:
        if self._leaving:
            self._leaving.on_signals(self._leave_on_signal)
        self.look()
        if self.settings.tour != "never" and not self.settings.read_only:
            self._begin_tour()
        await self.push_screen(Bridge())  # keys that were typed meanwhile are for it, and wait
        self.set_interval(LOOK_EVERY, self.look)
        self.call_after_refresh(self._settle_in)

    def _settle_in(self) -> None:
        """What can wait until the first frame stands."""
        _collect_again()
        if not self.is_running:
            return  # whoever leaves at the first moment has left before this
        if self.settings.target:
            self.steering.begin_at(self.settings.target)
        self._greet()
        self._take_a_glance()
        self._begin_to_call()

    def _begin_tour(self) -> None:
        from quarterdeck.ui import tour

        if self.settings.tour == "again" or not tour.seen(self.settings.state):
            self.tour = tour.Tour(self)

    def _greet(self) -> None:
        """Say what is wrong, or what happened while nobody of this terminal was here."""
        from quarterdeck.ui.bulk.note import left_behind

        if greeting := self._problem or left_behind(self.settings.store_path) or self._meanwhile():
            self.say(greeting)

    def _begin_to_call(self) -> None:
        """From now on, what is new calls for a person; what stands on the screen already doesn't."""
        from quarterdeck.ui.calling import caller_of
        from quarterdeck.ui.wearing import Mirror

        self._mirror = Mirror(self)
        self._caller = caller_of(self)
        self.app_resume_signal.subscribe(self, self._caller.forget_title)
        self._caller.see(self.picture)

    def _meanwhile(self) -> str:
        if self._left_at is None:
            return ""
        return meanwhile(self.picture.operations, self.picture.releases, self._left_at, self.picture.at)

    # --- the store, seen -----------------------------------------------------------------------------------------
    def look(self) -> None:
        """Look at the store, and show what is new in it. Called four times a second."""
        if not self.is_running:
            return  # it is being left: the screens are being taken apart
        clock = self.settings.clock
        if self._mirror is not None:
            self._mirror.look()
        try:
            news = self.sight.look()
        except StoreError as error:
            self.say(f"the store can't be read: {error}. {error.hint}")
            return
        if news and self.chain is not None:
            self.chain.advance()
        if news and isinstance(self.screen, Dialog):
            news = News.CONTENT  # an answer that it waits for is in no picture
        if self.sight.behind:
            news = News.CONTENT
        self._news = max(self._news, news)
        began = clock.monotonic()
        if began - self._painted_at >= self._patience():
            self._news = News.NOTHING
            self.picture = self.sight.picture()
            self.paint()
            self._take_a_glance()
            if self._caller:
                self._caller.see(self.picture)
            self._painted_at = clock.monotonic()
            self._painting_took = self._painted_at - began
        elif began - self._painted_at >= TICK_EVERY:
            self._tick()
        if not self.picture.runner.alive and clock.monotonic() - self._revived_at >= REVIVE_EVERY:
            self._revived_at = clock.monotonic()
            self.settings.keep_alive()

    def _tick(self) -> None:
        """Clocks that run down, on screens that show them; nothing else is judged again for them."""
        screen = self.screen
        if not (isinstance(screen, (Deck, Dialog)) and screen.TICKS and stands(screen)):
            return
        if any(one.ticks for one in self.picture.releases):
            self.picture = self.sight.tick(self.picture)
            screen.paint()

    def _take_a_glance(self) -> None:
        if self._keeper:
            self._keeper.see(self)

    def _patience(self) -> float:
        """Seconds that must lie between two paintings: those of a large fleet take long, and keys come first."""
        match self._news:
            case News.CONTENT:
                return self._painting_took
            case News.AGES:
                return self._painting_took / MOST_OF_THE_TIME
            case _:
                return max(REPAINT_EVERY, self._painting_took / MOST_OF_THE_TIME)

    def paint(self) -> None:
        """Bring the screen in front up to date; those behind it are painted when they come forward."""
        screen = self.screen
        if isinstance(screen, (Deck, Dialog)) and stands(screen):
            screen.paint()

    # --- what keys do --------------------------------------------------------------------------------------------
    def deck(self) -> Deck | None:
        """The main screen that is in front, or behind a dialog; None for the moment that it takes to get its parts."""
        deck = next((screen for screen in reversed(self.screen_stack) if isinstance(screen, Deck)), None)
        return deck if deck is not None and stands(deck) else None

    def target(self) -> TargetId | None:
        """What is under the cursor."""
        deck = self.deck()
        return None if deck is None else deck.target()

    def release(self) -> ReleaseView | None:
        """The release under the cursor."""
        deck = self.deck()
        return None if deck is None else deck.release()

    def deck_in_front(self, *where: Where) -> bool:
        """Whether one of these screens is in front."""
        return isinstance(self.screen, Deck) and self.screen.WHERE in where

    def do(self, deed_id: str) -> object:
        """Do what a key stands for, or say why it can't be done now. Something to await if it takes a moment."""
        from quarterdeck.ui.performing import perform

        if self.tour is not None:
            self.tour.pressed(deed_id)
        return perform(self, deed_id)

    def say(self, text: str) -> None:
        """Tell the operator one line; it stays until the cursor moves."""
        deck = self.deck()
        if deck is not None:
            deck.say(text)

    def attempt(self, ask: Callable[[], Any]) -> bool:
        """Hand something in; says so and returns False where the store refuses it."""
        try:
            ask()
        except StoreError as error:
            self.say(f"{error}. {error.hint}")
            return False
        return True

    def plan(self, action: Action) -> None:
        """Show the plan of an action; after a yes, its progress."""
        if self._refuses_to_write():
            return

        def confirmed(operation_id: str | None) -> None:
            if operation_id is not None:
                self.show_operation(operation_id)

        self.push_screen(catalogue.plan(action), confirmed)
        if self.tour is not None:
            self.tour.planned()

    def propose(self, wish: Wish) -> None:
        """Show the plan of a release; after a yes, the release."""
        if self._refuses_to_write():
            return

        def launched(release_id: str | None) -> None:
            if release_id is not None:
                self.look()
                self.show_release(release_id)

        self.push_screen(catalogue.proposal(wish), launched)

    def consent(self, question: Question) -> None:
        """Ask for a yes to a word to the runner, and tell what it said to it."""
        if self._refuses_to_write():
            return

        def answered(said: str | None) -> None:
            if said is not None:
                self.call_after_refresh(self.say, said)  # coming back to a screen clears what it said last

        self.push_screen(catalogue.order(question), answered)

    def _refuses_to_write(self) -> bool:
        if self.settings.read_only:
            self.say("this cockpit is read-only: start it without --read-only to change anything")
        return self.settings.read_only

    def show_operation(self, operation_id: str) -> None:
        """Follow an operation."""
        self.push_screen(catalogue.progress(operation_id))

    def show_release(self, release_id: str) -> None:
        """The steps of a release."""
        self.steering.go(Place("release", release_id))

    def show_service(self, target: TargetId) -> None:
        """Screen 2 on a service."""
        self.steering.go(Place("service", str(target.whole)))

    def flag_labels(self, target: TargetId) -> tuple[FlagCell, ...]:
        """A flag under every label it has."""
        cells = (cell for row in self.picture.flags for labels in row.cells for cell in labels)
        return tuple(cell for cell in cells if cell.target == target)

    def _fatal_error(self) -> None:
        """Textual would print every local variable of the traceback; a jump host may record this terminal."""
        import traceback

        told = "".join(traceback.format_exc())
        self.panic(Text(f"{told}\nThis is a bug in the cockpit. What was running goes on in the runner."))

    # --- leaving -------------------------------------------------------------------------------------------------
    async def on_event(self, event: Event) -> None:
        """What is typed after the key that leaves is for nobody: it would reach screens that are being taken down."""
        if isinstance(event, InputEvent) and (self.return_code is not None or not self.is_running):
            return
        await super().on_event(event)

    def leave(self) -> None:
        """End the cockpit, and say what goes on without it."""
        self._take_a_glance()
        told = goes_on(self.picture, [] if self.chain is None else self.chain.rest)
        self.exit(message=Text("\n".join(told)) if told else None)

    def action_leave_now(self) -> None:
        """Ctrl+C: leave as q does."""
        self.leave()

    def _leave_on_signal(self, number: int) -> None:
        """A hang-up must end this process at once and leave the terminal as it was: work goes on in the runner."""
        self._take_a_glance()
        self.exit(return_code=128 + number)
