"""What is generated from the contracts and models: schemas, samples, OpenAPI, tables."""
