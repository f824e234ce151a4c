"""The platform refuses a change for the state a site is in."""

from __future__ import annotations


class SiteConflict(Exception):
    """A change that the site's present state forbids; the message is the platform's."""
