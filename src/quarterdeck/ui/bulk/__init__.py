"""Several plans under one yes, carried out one after another."""
