"""Generates files from the contracts and models: schemas, samples, OpenAPI, tables."""
