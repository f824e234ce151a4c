"""Naming the provider costs nothing: Azure's SDKs are imported when a runner opens a session."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("azure", "aiohttp", "msal", "pydantic", "httpx", "cryptography")


def imported(code: str) -> set[str]:
    """The heavy packages that are imported after running some code in a fresh interpreter."""
    check = f"{code}\nimport sys\nprint(*(name for name in {HEAVY!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_the_provider_imports_no_sdk() -> None:
    assert imported("import quarterdeck.providers.azure") == set()


def test_the_schema_needs_pydantic_and_nothing_else() -> None:
    code = "from quarterdeck.providers.azure import provider\nprovider.schema('azure')"
    assert imported(code) == {"pydantic"}
