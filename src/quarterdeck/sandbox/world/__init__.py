"""What exists behind the wire: sites, profiles, settings, clients, and the time that moves them."""
