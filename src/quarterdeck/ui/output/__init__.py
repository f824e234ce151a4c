"""How frames reach the terminal: only the cells that changed, and never more than the link takes."""
