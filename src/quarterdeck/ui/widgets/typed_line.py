"""A line to type in that hears some keys itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from textual.events import Key
from textual.widgets import Input


class TypedLine(Input):
    """An input whose special keys act in the order in which they were typed.

    A binding is looked up only when a key has travelled up to the app and nobody wanted it; letters typed after it may
    be in the line by then. Over a slow link many keys arrive at once: Tab has to complete what stood before it.
    """

    DEFAULT_CSS = """
    TypedLine { width: 1fr; height: 1; border: none; padding: 0; background: $qd-background; color: $qd-text; }
    """

    def __init__(self, text: str, placeholder: str, keys: Mapping[str, Callable[[], None]], *, id: str) -> None:  # noqa: A002
        """`keys`: what happens on keys, by Textual's names."""
        super().__init__(text, placeholder=placeholder, id=id, compact=True, select_on_focus=False)
        self.cursor_blink = False
        self._special = keys

    def on_key(self, event: Key) -> None:
        act = self._special.get(event.key)
        if act is not None:
            event.stop()
            event.prevent_default()
            act()
