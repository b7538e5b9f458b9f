"""Who writes: one file a provider, each behind `base.Writer`, its SDK imported lazily; and the catalogue of models."""
