"""A cockpit on a store, as a process of its own. Run by the tests of its terminal: STORE [keep-going]."""

import sys
from pathlib import Path

from quarterdeck.store.opening import open_store
from quarterdeck.ui.app import run
from quarterdeck.ui.settings import Settings

path = Path(sys.argv[1])
sys.exit(run(open_store(path, create=False), Settings(actor="ana@jump1", store_path=path)))
