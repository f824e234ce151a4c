"""Azure Front Door, Standard and Premium: traffic divided between the origins of an origin group."""
