"""What Penstock does, one verb per file. Takes its surroundings as `Parts`; imports the domain and nothing that
speaks to AWS."""
