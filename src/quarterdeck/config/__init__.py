"""quarterdeck.yaml to a Fleet, with errors that say where and what to do."""
