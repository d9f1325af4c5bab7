"""Hallucinations of diffusion models on PyTorch Lightning: mode interpolation, trajectory variance, detection."""

__version__ = "0.1.0"
