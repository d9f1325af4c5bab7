from lightning_modeinterp.sample_store.store import SampleStore
from lightning_modeinterp.sample_store.writer import SampleStoreWriter

__all__ = ["SampleStore", "SampleStoreWriter"]
