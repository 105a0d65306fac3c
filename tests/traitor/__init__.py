"""One function in other hands writes to the stores whatever its role allows."""
