"""``python -m lightning_modeinterp`` is ``modeinterp``."""

from lightning_modeinterp.cli import main

if __name__ == "__main__":
    main()
