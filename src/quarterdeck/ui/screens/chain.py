"""How far the plans are that were said yes to together. Closing it changes nothing: the cockpit goes on with them."""

from __future__ import annotations

from textual import on
from textual.widget import Widget

from quarterdeck.ui.pages import bulk as pages
from quarterdeck.ui.screens.dialog import Dialog
from quarterdeck.ui.spans import line
from quarterdeck.ui.widgets.choices import Choices, Option
from quarterdeck.ui.widgets.page import Page

_CLOSE = Option("close", "Close", "back to the screen before")
_BACK = Option("close", "Back", "it goes on as long as the cockpit does")
_STOP = Option("stop", "Stop after this one", "what hasn't begun isn't begun")


class ChainProgress(Dialog[None]):
    """Follows the chain."""

    DEFAULT_CSS = "ChainProgress #answers { dock: bottom; }"
    AUTO_FOCUS = "#answers"

    def parts(self) -> list[Widget]:
        return [Choices([_BACK, _STOP], id="answers")]

    def paint(self) -> None:
        chain = self.cockpit.chain
        if not self.is_mounted or chain is None:
            return
        self.say_title(line(("One after another", "title")), line((f" {pages.chain_state(chain)}", "dim")))
        self.query_one("#text", Page).make(lambda cells: pages.chain_lines(chain, self.cockpit.picture, cells))
        self.say_below(line((_told(chain.over, succeeded=chain.succeeded), "ok" if chain.succeeded else "attention")))
        waiting = any(link.state == "waiting" for link in chain.links)
        self.query_one("#answers", Choices).offer([_CLOSE] if chain.over else [_BACK, _STOP] if waiting else [_BACK])

    @on(Choices.Given, "#answers")
    def _answered(self, event: Choices.Given) -> None:
        chain = self.cockpit.chain
        if event.option == "stop" and chain is not None:
            chain.give_up()
            self.paint()
        else:
            self.action_back()


def _told(over: bool, *, succeeded: bool) -> str:
    if not over:
        return ""
    return "✓ all of it is done" if succeeded else "it ended before all was done; what is told above needs a look"
