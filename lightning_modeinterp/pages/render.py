"""Render templates to one self-contained HTML page."""

from functools import cache
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from lightning_modeinterp import pages

FOLDER = "templates"


def render(package: str, template: str, **values: Any) -> str:
    """Render a template.

    All values are escaped. Templates are searched in the package first, then in `pages`; one that extends ``base.html``
    gets the frame, the common style and a policy that forbids every request.

    Args:
        package: Dotted name of the package with the folder ``templates``.
        template: File name of the template.
        values: Values of its variables.

    Raises:
        jinja2.UndefinedError: If a value is missing.

    Example:
        >>> page = render("lightning_modeinterp.pages", "base.html", title="<b>")
        >>> "<title>&lt;b&gt;</title>" in page
        True
    """
    return environment(package).get_template(template).render(values)


@cache
def environment(package: str) -> Environment:
    """The Jinja environment of a package's templates."""
    made = Environment(
        loader=ChoiceLoader([PackageLoader(each, FOLDER) for each in (package, pages.__name__)]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.policies["json.dumps_kwargs"] = {"sort_keys": False}  # labels are in the order of their buttons
    return made
