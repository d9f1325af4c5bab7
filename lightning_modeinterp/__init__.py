"""Hallucinations of diffusion models on PyTorch Lightning: mode interpolation, trajectory variance, detection."""

import os

from lightning_modeinterp import moved_names

# Threads that wait for one that is late sleep, so that it gets a core: spinning, they keep a busy machine from it.
# OpenMP reads it when torch is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

__version__ = "0.1.0"

moved_names.install()
