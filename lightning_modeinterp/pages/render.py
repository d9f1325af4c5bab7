"""From templates to one self-contained HTML page."""

from functools import cache
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from lightning_modeinterp import pages

FOLDER = "templates"


def render(package: str, template: str, **values: Any) -> str:
    """Fill in a template.

    Whatever the values hold is escaped. A template finds its own package's files first and those of `pages` after
    them; one that extends ``base.html`` gets the frame, the common style and a policy that forbids every request.

    Args:
        package: Dotted name of the package with the folder ``templates``.
        template: File name of the template.
        values: What it is filled with.

    Raises:
        jinja2.UndefinedError: If the template asks for a value that is not given.

    Example:
        >>> page = render("lightning_modeinterp.pages", "base.html", title="<b>")
        >>> "<title>&lt;b&gt;</title>" in page
        True
    """
    return environment(package).get_template(template).render(values)


@cache
def environment(package: str) -> Environment:
    """What renders the templates of a package."""
    made = Environment(
        loader=ChoiceLoader([PackageLoader(each, FOLDER) for each in (package, pages.__name__)]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.policies["json.dumps_kwargs"] = {"sort_keys": False}  # labels stand in the order of their buttons
    return made
