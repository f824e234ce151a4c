"""Microsoft.Web: sites, slots, swaps, settings, ramp-up rules, deployments."""
