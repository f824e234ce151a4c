"""The command line: one thin module for each family of commands."""
