"""The bus between viewers and runner: requests, observations, events, leases and locks."""
