"""The first frame: what the last cockpit knew, painted by the launcher before anything heavy is loaded.

`making` takes a glance from a running cockpit, `keeping` writes and reads the file beside the store, `painting` lays
it out, `stage` has the terminal until the cockpit takes over. All but `making` need the standard library alone, and
little of it.
"""
