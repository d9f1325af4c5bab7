from lightning_modeinterp.loggers.csv_history import CSVHistory
from lightning_modeinterp.loggers.media import log_config, log_histogram, log_image, log_table, shows_images
from lightning_modeinterp.loggers.placement import place_loggers
from lightning_modeinterp.loggers.steady_wandb import SteadyWandbLogger
from lightning_modeinterp.loggers.wandb_history import WandbHistory

__all__ = [
    "CSVHistory",
    "SteadyWandbLogger",
    "WandbHistory",
    "log_config",
    "log_histogram",
    "log_image",
    "log_table",
    "place_loggers",
    "shows_images",
]
