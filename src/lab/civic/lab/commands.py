"""What a checkout adds to the `civic` command: measurements and demonstrations, not shipped."""

COMMANDS = {
    "Laboratory": {
        "demo": "civic.lab.demo.command:demo",
        "bench": "civic.lab.bench.command:app",
        "simulate": "civic.lab.simulate.command:simulate",
        "leakscan": "civic.lab.leakscan.command:leakscan",
        "generate": "civic.lab.population.command:generate",
        "schemas": "civic.lab.schemas.command:schemas",
    }
}
