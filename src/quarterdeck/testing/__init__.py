"""What a provider author runs against their own provider, and what our tests share."""
