"""What screens say, as lines: pure functions of the picture, a plan, an operation, an event."""
