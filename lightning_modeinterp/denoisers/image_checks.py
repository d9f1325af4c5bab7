"""Checks of the arguments of image networks."""

from collections.abc import Sequence

from lightning_modeinterp.errors import ConfigurationError


def check_image(network: str, sample_shape: Sequence[int], factor: int, why: str) -> None:
    """Refuse samples that do not fit a network.

    Args:
        network: Its name.
        sample_shape: Shape of one sample.
        factor: Required divisor of height and width.
        why: Origin of the factor.

    Raises:
        ConfigurationError: If the samples are not images (C, H, W), or of another size.
    """
    if len(sample_shape) != 3 or min(sample_shape) < 1:
        raise ConfigurationError(f"{network}: expected images, sample_shape (C, H, W), got {tuple(sample_shape)}")
    _, height, width = sample_shape
    if height % factor or width % factor:
        raise ConfigurationError(
            f"{network}: expected a height and width that {factor} divides ({why}), got {height} x {width}; use "
            "fewer levels or other images"
        )


def check_positive(network: str, **numbers: int) -> None:
    """Refuse numbers below 1.

    Args:
        network: Its name.
        numbers: Arguments by name.

    Raises:
        ConfigurationError: If one is below 1.

    Example:
        >>> check_positive("UNet", patch_size=0)
        Traceback (most recent call last):
        lightning_modeinterp.errors.ConfigurationError: UNet.patch_size: expected a number >= 1, got 0
    """
    for name, number in numbers.items():
        if number < 1:
            raise ConfigurationError(f"{network}.{name}: expected a number >= 1, got {number}")


def check_one_a_level(network: str, name: str, numbers: Sequence[int]) -> None:
    """Refuse an empty list of levels, or a number below 1.

    Args:
        network: Its name.
        name: Name of the argument.
        numbers: One per level.

    Raises:
        ConfigurationError: If there is none, or one is below 1.
    """
    if not numbers or min(numbers) < 1:
        raise ConfigurationError(
            f"{network}.{name}: expected a number >= 1 for each level, got {list(numbers)}; a single one gives "
            "one level"
        )
