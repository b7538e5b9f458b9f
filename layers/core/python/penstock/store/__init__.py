"""All that speaks to AWS: the table, the queues, the bucket. boto3 stops here."""
