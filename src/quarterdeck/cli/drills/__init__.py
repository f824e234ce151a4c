"""Incident drills on the sandbox: each a bad state to set up, a goal, hints, and the moves that are right and wrong."""
