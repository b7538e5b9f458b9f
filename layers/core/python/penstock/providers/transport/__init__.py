"""What every provider that is called over HTTP stands on: a deadline for a whole call, bounds, what a wait is."""
