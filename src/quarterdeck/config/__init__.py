"""quarterdeck.yaml becomes a Fleet, or a list of everything that is wrong with it. pydantic and YAML live here only."""

from quarterdeck.config.loading import Loaded, load
from quarterdeck.config.problems import ConfigError, Problem

__all__ = ["ConfigError", "Loaded", "Problem", "load"]
