from lightning_modeinterp.loggers.csv_history import CSVHistory
from lightning_modeinterp.loggers.placement import place_loggers
from lightning_modeinterp.loggers.wandb_history import WandbHistory

__all__ = ["CSVHistory", "WandbHistory", "place_loggers"]
