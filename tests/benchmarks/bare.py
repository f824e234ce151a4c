"""The yardstick: the least that a Textual app with a table is. Run on a terminal: ROWS."""

from __future__ import annotations

import itertools
import sys

from textual.app import App, ComposeResult
from textual.widgets import DataTable, Footer, Header


class Bare(App[None]):
    """Header, DataTable, Footer; the head line names the row under the cursor, as the cockpit's detail line does."""

    ENABLE_COMMAND_PALETTE = False
    BINDINGS = [("q", "quit", "Quit"), ("c", "change", "Change a cell")]  # noqa: RUF012 (Textual's own convention)

    def compose(self) -> ComposeResult:
        yield Header()
        yield DataTable[str](cursor_type="row")
        yield Footer()

    def on_mount(self) -> None:
        self.versions = itertools.count(1)
        table = self.query_one(DataTable)
        for title in ("SERVICE", "PRODUCTION"):
            table.add_column(title, key=title)
        for number in range(int(sys.argv[1])):
            table.add_row(f"svc-{number:05d}", "* 1.0.0 ok", key=f"svc-{number:05d}")

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        self.sub_title = f"production/{event.row_key.value}"

    def action_change(self) -> None:
        self.query_one(DataTable).update_cell("svc-00003", "PRODUCTION", f"* 9.9.{next(self.versions)} ok")


if __name__ == "__main__":
    Bare().run()
