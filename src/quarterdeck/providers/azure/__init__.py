"""Azure: App Service slots, ramp-up rules, Traffic Manager, App Configuration."""
