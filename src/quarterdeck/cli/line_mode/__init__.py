"""`qd watch`: the fleet without a screen. Every change is one line, every key prints the command that it stands for."""
