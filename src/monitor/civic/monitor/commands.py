"""What this distribution adds to the `civic` command, where that is installed as well."""

COMMANDS = {
    "Watchers": {
        "witness": "civic.monitor.witness.command:witness",
        "anchor": "civic.monitor.anchor.command:anchor",
    }
}
