"""Azure Container Apps: the traffic between revisions, and labels that trade revisions like slots."""
