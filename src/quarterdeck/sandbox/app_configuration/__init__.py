"""The data plane of App Configuration: key-values, labels, revisions, locks, snapshots.

Facts are those of Microsoft's REST documentation and of its published specification; where those are silent, of
Microsoft's App Configuration emulator (order of precondition and lock, puts that change nothing).
"""
