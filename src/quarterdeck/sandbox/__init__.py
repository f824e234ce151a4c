"""Loopback servers that speak the providers' real wire protocols, over a small simulated world."""
