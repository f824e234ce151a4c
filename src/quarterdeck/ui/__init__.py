"""The cockpit. Reads the store, writes requests, and touches nothing else."""
