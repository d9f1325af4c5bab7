"""User errors, reported in one line."""


class ConfigurationError(ValueError):
    """A setting that cannot work.

    The message is one line that names what was expected, what was given and the remedy. The command line prints it
    and exits with status 2; in Python it is an ordinary `ValueError`.
    """
