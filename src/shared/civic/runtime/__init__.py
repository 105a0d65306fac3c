"""What every Lambda function needs, whatever its domain: settings, edges, logs, the bus."""
