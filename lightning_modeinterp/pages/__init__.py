"""What our HTML pages share: their frame, their style and images inside the page. Nothing is fetched by any of them."""

from lightning_modeinterp.pages.images import image_uri, pixels_uri
from lightning_modeinterp.pages.render import render

__all__ = ["image_uri", "pixels_uri", "render"]
