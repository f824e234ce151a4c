"""Systems that releases act on, each behind the same few capabilities."""
