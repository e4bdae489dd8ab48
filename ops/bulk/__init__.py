"""Bulk jobs: a folder of files through Kafka, each of which ends with a result or an error."""
