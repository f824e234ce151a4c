"""A cockpit that tells on SIGUSR1 what should stand on its terminal: TOLD STORE.

What it tells is what Textual would write if it painted everything anew, the way it writes without our output stage.
"""

import asyncio
import signal
import sys
from pathlib import Path

from quarterdeck.store.opening import open_store
from quarterdeck.ui import app, cockpit
from quarterdeck.ui.settings import Settings

told = Path(sys.argv[1])


class Telling(cockpit.Cockpit):
    """Writes the whole picture to a file, when asked."""

    async def on_mount(self) -> None:
        loop = asyncio.get_running_loop()
        signal.signal(signal.SIGUSR1, lambda *_: loop.call_soon_threadsafe(self.tell))

    def tell(self) -> None:
        compositor = self.screen._compositor
        dirty = set(compositor._dirty_regions)
        whole = compositor.render_update(full=True, screen_stack=self._background_screens)
        compositor._dirty_regions |= dirty
        partial = told.with_suffix(".partial")
        partial.write_text(whole.render_segments(self.console), encoding="utf-8", newline="")  # type: ignore[union-attr]
        partial.rename(told)


cockpit.Cockpit = Telling  # type: ignore[misc]
store = Path(sys.argv[2])
sys.exit(app.run(open_store(store, create=False), Settings(actor="ana@jump1", store_path=store)))
