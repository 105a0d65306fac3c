"""The subcommands of `civic`, one module per group."""
