"""Shared parts of our HTML pages: frame, style and embedded images. No page loads anything from the network."""

from lightning_modeinterp.pages.images import image_uri, pixels_uri
from lightning_modeinterp.pages.render import render

__all__ = ["image_uri", "pixels_uri", "render"]
