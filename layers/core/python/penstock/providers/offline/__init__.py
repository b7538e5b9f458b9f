"""The offline writer: sample text without network, key or chance. Sentences are in `en.json` and `vi.json`."""

from penstock.providers.offline.writer import OfflineWriter

__all__ = ["OfflineWriter"]
