"""The native network of most tests, compiled where this is imported: for the server that processes are forked from."""

from lightning_modeinterp.denoisers import fused_mlp

fused_mlp.kernel(16)
