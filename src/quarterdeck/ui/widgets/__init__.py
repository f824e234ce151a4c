"""Widgets of our own: they repaint only the cells that changed."""
