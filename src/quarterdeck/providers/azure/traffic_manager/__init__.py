"""Azure Traffic Manager: traffic divided by the answers of DNS."""
