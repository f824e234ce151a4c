"""The headless process that observes, plans, executes, and outlives every viewer."""
