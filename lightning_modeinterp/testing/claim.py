"""The contract of `Claim`."""

import re

from lightning_modeinterp.reproduction import PRESETS, Claim, Needs, Preset
from lightning_modeinterp.testing.expect import expect


def check_claim(claim: Claim) -> None:
    """Check the attributes of a claim and its runs, at every preset; nothing is run.

    Args:
        claim: The claim.

    Raises:
        AssertionError: If the contract is broken; the message says what was expected, got and the remedy.
    """
    expect(
        re.fullmatch(r"[a-z0-9-]+", claim.name) is not None,
        f"expected a name of small letters, digits and hyphens, got {claim.name}; it names a directory",
    )
    for word in ("sentence", "rule"):
        said = getattr(claim, word)
        expect(said.endswith("."), f"expected a whole {word} with a full stop, got {said!r}; --list shows it")
    for preset in PRESETS.values():
        needs = claim.needs(preset)
        expect(
            keys(needs) == keys(claim.needs(preset)),
            f"expected the same runs each time, got others at preset {preset.name}; let them depend on the preset only",
        )
        _check_seeds(needs, preset)


def keys(needs: Needs) -> list[str]:
    """Keys of all runs."""
    return [*(draw.key("predict") for draw in needs.samples), *(draw.key("test") for draw in needs.tested)]


def _check_seeds(needs: Needs, preset: Preset) -> None:
    draws = [*needs.samples, *needs.tested]
    expect(bool(draws), f"expected runs to decide by, got none at preset {preset.name}; return them in `needs`")
    of_data = [draw.fit for draw in draws if draw.fit.data is None]  # later generations of a recursion have others
    seeds = {option for fit in of_data for option in fit.options if option.startswith("--seed_everything=")}
    expect(
        len(seeds) in (preset.num_seeds, preset.num_few_seeds),
        f"expected runs of {preset.num_seeds} seeds at preset {preset.name}, or of {preset.num_few_seeds} where "
        f"they take long, got {len(seeds)}; an interval is over `preset.seeds` or `preset.few_seeds`",
    )
