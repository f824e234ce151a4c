"""A Prometheus-compatible query API over whatever holds series."""
