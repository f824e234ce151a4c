"""`qd completion SHELL`: the hook that makes a shell complete qd; and the answers to that shell's questions."""

from __future__ import annotations

from argparse import ArgumentParser

from quarterdeck.cli import output
from quarterdeck.cli.exit_codes import ExitCode
from quarterdeck.cli.invocation import Invocation

SHELLS = ("bash", "zsh", "fish")
_HOW = """\
for this shell:    eval "$(qd completion bash)"
for every shell:   add that line to ~/.bashrc or ~/.zshrc
for fish:          qd completion fish > ~/.config/fish/completions/qd.fish"""


def configure(parser: ArgumentParser) -> None:
    """Which shell."""
    parser.add_argument("shell", choices=SHELLS)
    parser.epilog = _HOW
    parser.set_defaults(run=run)


def run(invocation: Invocation) -> ExitCode:
    """Print the hook."""
    from argcomplete.shell_integration import shellcode

    output.data(shellcode(["qd", "quarterdeck"], shell=invocation.arguments.shell))
    return ExitCode.DONE


def answer(parser: ArgumentParser) -> None:
    """Answer a shell that asks how a line may go on, and leave; nothing if no shell asks."""
    import argcomplete

    argcomplete.autocomplete(parser, always_complete_options="long")
