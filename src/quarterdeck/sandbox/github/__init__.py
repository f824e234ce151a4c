"""GitHub's REST interface, as far as it is about Actions."""
