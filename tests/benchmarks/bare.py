"""The yardstick: the least that a Textual app with a table is. Run on a terminal: ROWS."""

from __future__ import annotations

import sys
from collections import Counter

from textual.app import App, ComposeResult
from textual.widgets import DataTable, Footer, Header


class Bare(App[None]):
    """Header, DataTable, Footer; the head line names the row under the cursor, as the cockpit's detail line does."""

    ENABLE_COMMAND_PALETTE = False
    BINDINGS = [("q", "quit", "Quit"), ("c", "change(3)", "Change a cell"), ("o", "change(-1)", "Off screen")]  # noqa: RUF012 (Textual's own convention)

    def compose(self) -> ComposeResult:
        yield Header()
        yield DataTable[str](cursor_type="row")
        yield Footer()

    def on_mount(self) -> None:
        self.versions = Counter[int]()
        table = self.query_one(DataTable)
        for title in ("SERVICE", "PRODUCTION"):
            table.add_column(title, key=title)
        for number in range(int(sys.argv[1])):
            table.add_row(f"svc-{number:05d}", "* 1.0.0 ok", key=f"svc-{number:05d}")

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        self.sub_title = f"production/{event.row_key.value}"

    def action_change(self, row: int) -> None:
        number = row % int(sys.argv[1])
        self.versions[number] += 1
        self.query_one(DataTable).update_cell(f"svc-{number:05d}", "PRODUCTION", f"* 9.9.{self.versions[number]} ok")


if __name__ == "__main__":
    Bare().run()
