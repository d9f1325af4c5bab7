"""Completion of commands and options by the shell, from a script that is written once.

A script that asks Python at each press of the tab key would import torch each time. The one that shtab makes of the
same parsers lists the options of every class for every option that can name one, in 640 MB.
"""

from collections.abc import Mapping, Sequence

from lightning_modeinterp.cli import configs, export, fidelity, keep, recurse, report, reproduce, sheet, threshold
from lightning_modeinterp.configuration.parser import options_of

_WITH_PARSERS = (configs, export, fidelity, keep, recurse, report, sheet, threshold)
_SCRIPT = """\
# Completion of modeinterp. bash: source this file; zsh: autoload -U bashcompinit && bashcompinit first.
_modeinterp() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} options
  case "${{COMP_WORDS[1]}}" in
{cases}
    *) options="{commands}" ;;
  esac
  COMPREPLY=($(compgen -W "$options" -- "$word"))
}}
complete -o default -F _modeinterp modeinterp
"""


def completion_script(options: Mapping[str, Sequence[str]]) -> str:
    """Script for bash and zsh.

    Args:
        options: Options of each command that reads a config; those of the others are added.
    """
    others = {each.__name__.rpartition(".")[2]: options_of(each.parser()) for each in _WITH_PARSERS}
    options = {**options, **others, "reproduce": reproduce.words()}
    cases = "\n".join(f'    {command}) options="{" ".join(names)}" ;;' for command, names in options.items())
    return _SCRIPT.format(cases=cases, commands=" ".join(options))
