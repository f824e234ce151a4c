"""A runner of a configuration in its sandbox, all of it gone at the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.runner.crew import Crew

from quarterdeck.paths import store_path
from quarterdeck.runner.sandboxing import stop_sandbox
from quarterdeck.store.opening import open_store


@contextmanager
def runner_of(config: Path, *options: str) -> Iterator[Crew]:
    """A runner in charge while the block runs."""
    path = store_path(config, sandbox=True)
    with closing(open_store(path, create=True)) as store:
        crew = Crew(config, path, store)
        try:
            crew.in_charge(crew.runner(*options))
            yield crew
        finally:
            crew.dismiss()
            stop_sandbox(config)
