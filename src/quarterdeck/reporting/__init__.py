"""What the journal has to tell to people who weren't there: of one release, and of how releases go. Reads the store."""
