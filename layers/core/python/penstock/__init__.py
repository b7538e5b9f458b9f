"""Penstock: batches of AI work, each line settled exactly once."""
