"""The verbs of a release: actions, plans, steps, and what became of them. Pure; imports the fleet only."""
