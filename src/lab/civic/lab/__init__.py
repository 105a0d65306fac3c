"""The project's measurements, simulations and demonstrations, which are not shipped."""
