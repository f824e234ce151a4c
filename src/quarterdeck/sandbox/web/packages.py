"""Which build a deployed package holds."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from typing import Any

from quarterdeck.sandbox.web.refusals import app_service
from quarterdeck.sandbox.wire import Refusal
from quarterdeck.sandbox.world.builds import Build, Catalogue

MANIFEST = "build.json"
"""A file in the zip with the attributes of a world build, `{"version": "2.0", "error_rate": 0.2}`."""

VERSION = "VERSION"
"""A file in the zip with nothing but the version."""

_LARGEST = 64 * 1024


def build_in(package: bytes, builds: Catalogue) -> Build:
    """The build of a zip: by its build.json, else its VERSION file, else named by the digest of the zip.

    Raises:
        Refusal: 400 when it is not a zip, or its build.json is wrong.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(package)) as archive:
            names = set(archive.namelist())
            manifest = _small(archive, MANIFEST) if MANIFEST in names else ""
            version = _small(archive, VERSION).strip() if VERSION in names else ""
    except (zipfile.BadZipFile, UnicodeDecodeError, NotImplementedError) as error:
        raise app_service(400, "BadRequest", f"The package is not a readable zip file: {error}") from error
    if manifest:
        return _of_manifest(manifest)
    return builds.of_version(version or hashlib.sha256(package).hexdigest()[:7])


def build_at(address: str, builds: Catalogue) -> Build:
    """The build behind a packageUri: nothing is fetched, the last part of the path names the version."""
    name = address.partition("?")[0].rstrip("/").rpartition("/")[2].removesuffix(".zip")
    return builds.of_version(name or "unknown")


def _small(archive: zipfile.ZipFile, name: str) -> str:
    if archive.getinfo(name).file_size > _LARGEST:
        raise app_service(400, "BadRequest", f"{name} in the package is larger than {_LARGEST} bytes.")
    return archive.read(name).decode()


def _of_manifest(text: str) -> Build:
    try:
        document: Any = json.loads(text)
        if not isinstance(document, dict):
            raise ValueError("an object was expected")
        return Build.from_json(document)
    except (ValueError, TypeError) as error:
        raise Refusal(400, "BadRequest", f"{MANIFEST} in the package: {error}") from error
