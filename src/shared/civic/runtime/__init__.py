"""What every Lambda function needs and no domain knows: settings, edges, logs, the bus."""
