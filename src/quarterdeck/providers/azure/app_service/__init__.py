"""Azure App Service: sites, their deployment slots, and the traffic between those."""
