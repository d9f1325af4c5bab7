from lightning_modeinterp.distributions.gaussian_mixture import GaussianMixture

__all__ = ["GaussianMixture"]
