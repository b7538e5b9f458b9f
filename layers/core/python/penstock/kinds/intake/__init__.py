"""What several kinds do with a request: faults, lists, the choice of a model, websites."""
