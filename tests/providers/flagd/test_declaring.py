"""What a configuration may say of definition files."""

from __future__ import annotations

from pathlib import Path

import pytest

from quarterdeck import config
from quarterdeck.fleet.topology import Connection
from quarterdeck.providers import registry
from quarterdeck.providers.base import ProviderError

FLEET = """\
fleet: harbour
connections: {{flags: {{provider: flagd{options}}}}}
environments: {{production: {{flags: {{connection: flags, file: {file}}}}}}}
services: {{}}
"""


def loaded(folder: Path, options: str = "", file: str = "flags.json") -> config.Loaded:
    path = folder / "quarterdeck.yaml"
    path.write_text(FLEET.format(options=options, file=file))
    return config.load(path, registry.schemas, environment={})


def test_paths_are_taken_from_the_file_that_names_them(tmp_path: Path) -> None:
    fleet = loaded(tmp_path, ", repository: checkout, branch: release/1, push: origin", "checkout/flags.yaml").fleet
    (connection,), (place,) = fleet.connections, fleet.places
    assert connection.options["repository"] == str(tmp_path / "checkout")
    assert place.address.parts["file"] == str(tmp_path / "checkout" / "flags.yaml")


@pytest.mark.parametrize(
    ("options", "file", "words"),
    [
        ("", "flags.toml", "must end in .json, .yaml, .yml"),
        (", repository: checkout", "flags.json", "repository and branch belong together"),
        (", push: origin", "flags.json", "push needs a repository"),
        (", repository: checkout, branch: --upload-pack=x", "flags.json", "branch"),
        (", repository: checkout, branch: main, push: 'ext::sh -c id'", "flags.json", "push"),
        (", url: x", "flags.json", "url"),
    ],
)
def test_what_cannot_be_meant_is_told(tmp_path: Path, options: str, file: str, words: str) -> None:
    with pytest.raises(config.ConfigError, match=words):
        loaded(tmp_path, options, file)


def test_the_sandbox_writes_into_no_file_of_anybody() -> None:
    with pytest.raises(ProviderError, match="it would write into yours"):
        registry.load("flagd").sandboxed(Connection("flags", "flagd"), {})
