from lightning_modeinterp.reproduction.cached_runs import CachedRuns, Draw, Fit, RunFailedError

__all__ = ["CachedRuns", "Draw", "Fit", "RunFailedError"]
