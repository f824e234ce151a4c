"""Quarterdeck, a terminal release cockpit."""

__version__ = "0.1.0"
