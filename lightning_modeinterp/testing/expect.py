"""Errors for broken contracts."""

from collections.abc import Iterator
from contextlib import contextmanager


def expect(condition: bool, message: str) -> None:
    """Raise an `AssertionError` if a condition does not hold; unlike ``assert``, also under ``python -O``.

    Args:
        condition: The condition of the contract.
        message: The contract, what was got, and the remedy.

    Raises:
        AssertionError: If the condition does not hold.

    Example:
        >>> expect(1 + 1 == 2, "expected 2")
        >>> expect(1 + 1 == 3, "expected 3, got 2; count again")
        Traceback (most recent call last):
        AssertionError: expected 3, got 2; count again
    """
    if not condition:
        raise AssertionError(message)


@contextmanager
def expect_no_error(contract: str, remedy: str) -> Iterator[None]:
    """Turn an error within the block into a broken contract.

    Args:
        contract: The contract.
        remedy: The remedy.

    Raises:
        AssertionError: Instead of any other error.

    Example:
        >>> with expect_no_error("expected any divisor", "mind zero"):
        ...     1 / 0
        Traceback (most recent call last):
        AssertionError: expected any divisor, got ZeroDivisionError: division by zero; mind zero
    """
    try:
        yield
    except AssertionError:
        raise
    except Exception as error:
        message = (
            f"{contract}, got {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}; {remedy}"
        )
        raise AssertionError(message) from error
