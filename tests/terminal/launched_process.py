"""A small program after a launcher that has painted its head, and read a key. Takes a store that it doesn't open."""

import os
import termios

from quarterdeck.ui.output.handover import ENTER, Handover, raw

modes = termios.tcgetattr(0)
termios.tcsetattr(0, termios.TCSANOW, raw(modes))
columns, rows = os.get_terminal_size(0)
painted = "\x1b[1;1Hcontoso-shop\x1b[2;1Hlast known, 3m ago"
os.write(2, (ENTER + painted).encode())

from textual.app import App, ComposeResult  # noqa: E402
from textual.events import Key  # noqa: E402
from textual.widgets import Static  # noqa: E402

from quarterdeck.ui.output.choosing import driver_class  # noqa: E402


class Small(App[None]):
    """Tells which keys it got; q leaves."""

    CSS = "#foot { dock: bottom; height: 1; }"

    def compose(self) -> ComposeResult:
        yield Static("contoso-shop")
        yield Static("keys:", id="keys")
        yield Static("the foot", id="foot")

    def on_key(self, event: Key) -> None:
        if event.key == "q":
            self.exit()
        self.query_one("#keys", Static).update(f"keys: {event.key}")


app = Small(ansi_color=True)
app.driver_class = driver_class("cells", Handover(columns, rows, painted, modes, b"x"))[0] or app.driver_class
app.run()
