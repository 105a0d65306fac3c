"""Every subcommand of `civic`, by who uses it."""

from civic.terminal.lazy import Group, Places

_COMMANDS = "civic.operator.commands"

_RIGHTS = Group(
    "Withdraw, restrict, object, dispute: the GDPR's rights.",
    {
        "withdraw": f"{_COMMANDS}.citizens:withdraw",
        "restrict": f"{_COMMANDS}.rights:restrict",
        "lift": f"{_COMMANDS}.rights:lift",
        "object": f"{_COMMANDS}.rights:object_to_analytics",
        "dispute": f"{_COMMANDS}.rights:dispute",
        "explain": f"{_COMMANDS}.rights:explain",
        "requests": f"{_COMMANDS}.rights:requests",
        "notice": f"{_COMMANDS}.rights:notice",
        "erasure": f"{_COMMANDS}.rights:erasure",
        "verify-erasure": f"{_COMMANDS}.receipts:verify",
    },
)

_ELECTIONS = Group(
    "Run an election, from a draft to a certified count.",
    {
        "create": f"{_COMMANDS}.elections:create",
        "list": f"{_COMMANDS}.elections:list_elections",
        "show": f"{_COMMANDS}.elections:show",
        "update": f"{_COMMANDS}.elections:update",
        "candidate": f"{_COMMANDS}.elections:candidate",
        "publish": f"{_COMMANDS}.elections:publish",
        "letters": f"{_COMMANDS}.letters:letters",
        "open": f"{_COMMANDS}.elections:open_now",
        "suspend": f"{_COMMANDS}.elections:suspend",
        "resume": f"{_COMMANDS}.elections:resume",
        "finish": f"{_COMMANDS}.elections:finish",
        "recount": f"{_COMMANDS}.voting:recount",
        "certify": f"{_COMMANDS}.elections:certify",
        "delete": f"{_COMMANDS}.elections:delete",
        "clone": f"{_COMMANDS}.elections:clone",
    },
)

_RULES = Group(
    "Compare rule sets by what they decide.",
    {
        "diff": f"{_COMMANDS}.rules:diff",
    },
)

_AREAS = Group(
    "Load and try the table of areas: who gets which ballot.",
    {
        "load": f"{_COMMANDS}.areas:load_table",
        "show": f"{_COMMANDS}.areas:show_table",
        "check": f"{_COMMANDS}.areas:check_addresses",
    },
)

_PROOFS = Group(
    "Say whom the office trusts to say who somebody is.",
    {
        "trust": f"{_COMMANDS}.proofs:trust",
        "show": f"{_COMMANDS}.proofs:show",
        "key": f"{_COMMANDS}.proofs:key",
        "lists": f"{_COMMANDS}.proofs:lists",
    },
)

_DESK = Group(
    "At the counter: a new access token, corrections.",
    {
        "renew": f"{_COMMANDS}.desk:renew",
        "correct": f"{_COMMANDS}.desk:correct",
    },
)

_DEADLINES = Group(
    "Meet the legal deadlines: retention, open requests.",
    {
        "run": f"{_COMMANDS}.accountability:run",
        "overdue": f"{_COMMANDS}.accountability:overdue",
    },
)

_LEDGER = Group(
    "List and replay erasures; print their receipts' key.",
    {
        "list": f"{_COMMANDS}.accountability:list_erasures",
        "replay": f"{_COMMANDS}.accountability:replay",
        "key": f"{_COMMANDS}.receipts:key",
    },
)

PANELS: dict[str, Places] = {
    "Citizens": {
        "prove": f"{_COMMANDS}.proving:prove",
        "register": f"{_COMMANDS}.registering:register",
        "show": f"{_COMMANDS}.citizens:show",
        "export": f"{_COMMANDS}.citizens:export",
        "erase": f"{_COMMANDS}.citizens:erase",
        "rights": _RIGHTS,
    },
    "Voters": {
        "credential": f"{_COMMANDS}.credentials:credential",
        "vote": f"{_COMMANDS}.voting:vote",
        "results": f"{_COMMANDS}.voting:results",
        "receipt": f"{_COMMANDS}.public_log:receipt",
    },
    "Office": {
        "elections": _ELECTIONS,
        "areas": _AREAS,
        "proofs": _PROOFS,
        "review": f"{_COMMANDS}.review:review",
        "desk": _DESK,
        "rules": _RULES,
    },
    "Operators": {
        "up": f"{_COMMANDS}.lifecycle:up",
        "down": f"{_COMMANDS}.lifecycle:down",
        "status": f"{_COMMANDS}.lifecycle:status",
        "keys": f"{_COMMANDS}.operating:keys",
        "dlq": f"{_COMMANDS}.operating:dlq",
        "release": f"{_COMMANDS}.operating:release",
        "deadlines": _DEADLINES,
        "ledger": _LEDGER,
        "reconcile": f"{_COMMANDS}.accountability:reconcile_stores",
        "log": f"{_COMMANDS}.public_log:log",
    },
}

RENAMED = {
    "contest": "rights dispute",
    "credentials": "elections letters",
    "erasures": "ledger",
    "receipt-key": "ledger key",
    "verify-receipt": "rights verify-erasure",
}
"""Subcommands that were renamed: the old name, and the words to use now."""
