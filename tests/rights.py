"""The rights of every role: action, resource by its logical id, and the conditions that narrow it.

It is written by hand from docs/architecture.md. The translated templates are compared with it both
ways, and in the engine each role is tried on every action that has a probe.
"""

type Right = tuple[str, str, tuple[str, ...]]
"""An action, the logical id it is allowed on, and the condition keys that narrow it."""

LEADING = ("dynamodb:LeadingKeys",)
ATTRIBUTES = ("dynamodb:Attributes", "dynamodb:Select")
PUTTING = ("dynamodb:Attributes", "dynamodb:ReturnValues")
COUNTING = ("dynamodb:Select",)
ADDING = ("dynamodb:Attributes", "dynamodb:ReturnValues")
WRITING = ("dynamodb:Attributes", "dynamodb:LeadingKeys")
LOOKING = ("dynamodb:Attributes", "dynamodb:LeadingKeys", "dynamodb:ReturnValues")
CONTEXT = ("kms:EncryptionContext:purpose", "kms:EncryptionContext:wk")
CREDENTIALS = (
    "kms:EncryptionContext:election",
    "kms:EncryptionContext:purpose",
    "kms:EncryptionContext:style",
)
MARKS = ("kms:EncryptionContext:election", "kms:EncryptionContext:purpose")
SOURCE = ("events:detail-type", "events:source")


def takes(queue: str) -> set[Right]:
    actions = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
    return {(action, queue, ()) for action in actions}


def puts_off(queue: str) -> set[Right]:
    """Return the rights of a consumer that sends what an outage stopped to its own queue again."""
    return takes(queue) | {("sqs:SendMessage", queue, ())}


def may(table: str, *operations: str) -> set[Right]:
    return {(f"dynamodb:{operation}", table, ()) for operation in operations}


def in_part(table: str, *operations: str) -> set[Right]:
    """Return the rights of a role that may read some attributes only."""
    return {(f"dynamodb:{operation}", table, ATTRIBUTES) for operation in operations}


PUBLISHING: Right = ("events:PutEvents", "Bus", SOURCE)
PARTS = {
    ("dynamodb:Query", "SubjectKeysTable"): (("id", "revision", "access_digest"), "w"),
    **{
        (f"dynamodb:{operation}", table): (part, rest)
        for table, part, rest, operations in (
            ("LowSecDataStore", ("id", "erased_at"), "rule_set", "GetItem Scan"),
            ("HighSecDataStore", ("id", "revision", "erased_at"), "commitment", "GetItem Scan"),
            ("SubjectKeysTable", ("id", "revision"), "w", "GetItem Scan"),
            ("IssuerRoll", ("id", "revision", "erased_at"), "area", "GetItem"),
            ("AnalyticsJoins", ("id", "dr", "sr", "erased_at"), "region", "GetItem"),
            ("ErasureLedger", ("id", "requested", "receipt"), "access_digest", "GetItem"),
            ("ReviewQueue", ("id", "revision"), "opinions", "GetItem"),
            ("RequestLog", ("id", "entry", "received"), "by", "Scan"),
        )
        for operation in operations.split()
    },
    ("dynamodb:Query", "AccessRenewals"): (("id", "digest"), "asked_by"),
    ("dynamodb:GetItem", "BallotsTable"): (("nullifier",), "ballot"),
    ("dynamodb:Scan", "BallotsTable"): (("election", "salt", "ballot"), "nullifier"),
}
"""What a right narrowed by ATTRIBUTES may read from a row, and an attribute that it may not."""
SEE_ANOTHER_PART = {("SubjectAccessRole", "AnalyticsJoins")}
"""Which role may read of a table what PARTS says it may not, and not what it says it may."""
SEE_NUMBERS_ONLY = {"CounterRole", "DeadlinesRole"}
"""The roles whose narrowed right to scan a table returns the number of its rows."""
SEES_RENEWALS: Right = ("dynamodb:Query", "AccessRenewals", ())
FINDS_KEYS: Right = ("dynamodb:Query", "SubjectKeysTable", ATTRIBUTES)
NOTES_REQUESTS: Right = ("dynamodb:UpdateItem", "RequestLog", WRITING)
LOGGING = {NOTES_REQUESTS, ("dynamodb:Query", "RequestLog", ())}
NOTES_REVISIONS: Right = ("dynamodb:UpdateItem", "LowSecDataStore", PUTTING)
ASKS_FOR_REVIEWS: Right = ("dynamodb:PutItem", "ReviewQueue", PUTTING)
OPENS_RECORDS = {
    ("dynamodb:GetItem", "HighSecDataStore", ()),
    ("dynamodb:GetItem", "SubjectKeysTable", ()),
    ("dynamodb:GetItem", "WrappingKeysTable", ()),
    ("kms:Decrypt", "CivicKey", CONTEXT),
}
IDENTITY_RIGHTS: dict[str, set[Right]] = {
    "GatewayRole": {
        ("dynamodb:GetItem", "WrappingKeysTable", LEADING),
        ("dynamodb:PutItem", "SubjectKeysTable", ()),
        NOTES_REQUESTS,
        FINDS_KEYS,
        SEES_RENEWALS,
        NOTES_REVISIONS,
        ("dynamodb:PutItem", "LowSecDataStore", PUTTING),
        ("events:PutEvents", "Bus", SOURCE),
    }
    | may("LowSecDataStore", "GetItem"),
    "SubjectAccessRole": LOGGING
    | may("LowSecDataStore", "GetItem")
    | in_part("AnalyticsJoins", "GetItem")
    | OPENS_RECORDS
    | {SEES_RENEWALS},
    "ValidatorRole": puts_off("ValidatorQueue")
    | may("SubjectKeysTable", "GetItem")
    | may("WrappingKeysTable", "GetItem")
    | may("LowSecDataStore", "GetItem", "PutItem")
    | may("OfficeAreas", "GetItem")
    | may("TrustedProviders", "GetItem")
    | may("Likenesses", "GetItem", "UpdateItem", "DeleteItem")
    | may("ReviewQueue", "GetItem", "DeleteItem")
    | {NOTES_REVISIONS, ASKS_FOR_REVIEWS, ("kms:Decrypt", "CivicKey", CONTEXT), PUBLISHING},
    "ProofingRole": may("ProofSessions", "GetItem", "PutItem", "UpdateItem")
    | may("TrustedProviders", "GetItem")
    | {("dynamodb:GetItem", "WrappingKeysTable", LEADING), ("kms:Sign", "ProofKey", ())},
    "PiiStorageRole": puts_off("PiiStorageQueue")
    | may("HighSecDataStore", "GetItem", "PutItem")
    | may("SubjectKeysTable", "DeleteItem")
    | {FINDS_KEYS, PUBLISHING},
    "KeyCustodianRole": may("WrappingKeysTable", "GetItem", "PutItem")
    | may("SubjectKeysTable", "Scan", "UpdateItem")
    | {
        ("kms:GenerateDataKeyPairWithoutPlaintext", "CivicKey", ()),
        ("kms:GenerateDataKeyWithoutPlaintext", "CivicKey", CONTEXT),
        ("kms:Decrypt", "CivicKey", CONTEXT),
    },
    "RightsRole": LOGGING
    | may("LowSecDataStore", "GetItem")
    | may("ErasureLedger", "GetItem")
    | {
        ("dynamodb:UpdateItem", "LowSecDataStore", PUTTING),
        ASKS_FOR_REVIEWS,
        FINDS_KEYS,
        SEES_RENEWALS,
        PUBLISHING,
    },
    "AccountabilityRole": puts_off("AccountabilityQueue")
    | LOGGING
    | may("ErasureLedger", "GetItem", "UpdateItem", "Scan")
    | in_part("AccessRenewals", "Query")
    | {("dynamodb:UpdateItem", "AccessRenewals", PUTTING)}
    | {("kms:Sign", "ReceiptKey", ()), ("kms:GetPublicKey", "ReceiptKey", ()), PUBLISHING},
    "CredentialRollRole": puts_off("CredentialRollQueue")
    | may("IssuerRoll", "GetItem", "UpdateItem", "PutItem")
    | may("IssuerElections", "GetItem", "UpdateItem")
    | may("IssuerKeys", "GetItem", "PutItem")
    | may("IssuedMarks", "PutItem")
    | may("MarkKeys", "GetItem", "PutItem")
    | in_part("LowSecDataStore", "GetItem")
    | {
        ("kms:GenerateDataKeyPairWithoutPlaintext", "CredentialKey", CREDENTIALS),
        ("kms:GenerateDataKeyWithoutPlaintext", "CredentialKey", MARKS),
        ("kms:Decrypt", "CredentialKey", MARKS),
        PUBLISHING,
    },
    "CredentialIssuerRole": may("IssuerRoll", "GetItem", "UpdateItem")
    | may("IssuerElections", "GetItem", "Query")
    | may("IssuerKeys", "GetItem")
    | may("IssuedMarks", "PutItem")
    | may("MarkKeys", "GetItem")
    | in_part("LowSecDataStore", "GetItem")
    | {
        ("dynamodb:ConditionCheckItem", "LowSecDataStore", ("dynamodb:Attributes",)),
        ("kms:Decrypt", "CredentialKey", CREDENTIALS),
        ("kms:Decrypt", "CredentialKey", MARKS),
        SEES_RENEWALS,
    },
    "DeadlinesRole": takes("DeadlinesQueue")
    | may("LowSecDataStore", "Scan")
    | may("RequestLog", "Scan")
    | {("dynamodb:Scan", "ErasureLedger", COUNTING), PUBLISHING},
    "ReconcilerRole": takes("ReconcilerQueue")
    | may("SweepProgress", "GetItem", "PutItem")
    | in_part("LowSecDataStore", "GetItem", "Scan")
    | in_part("HighSecDataStore", "GetItem", "Scan")
    | in_part("SubjectKeysTable", "GetItem", "Scan")
    | in_part("IssuerRoll", "GetItem")
    | in_part("AnalyticsJoins", "GetItem")
    | in_part("ErasureLedger", "GetItem")
    | in_part("ReviewQueue", "GetItem")
    | in_part("RequestLog", "Scan")
    | in_part("OfficeAreas", "GetItem")
    | {PUBLISHING},
    "MatcherRole": takes("MatcherQueue")
    | {
        ("dynamodb:GetItem", "SweepProgress", LEADING),
        ("dynamodb:PutItem", "SweepProgress", LEADING),
        ("dynamodb:UpdateItem", "LowSecDataStore", PUTTING),
        ("s3:GetObject", "${PairsBucket.Arn}/shards/*", ()),
        ("s3:PutObject", "${PairsBucket.Arn}/shards/*", ()),
        ("s3:ListBucket", "PairsBucket", ()),
        ASKS_FOR_REVIEWS,
    }
    | in_part("LowSecDataStore", "GetItem", "Scan"),
    "ReviewRole": takes("OutdatedCasesQueue")
    | may("ReviewQueue", "GetItem", "DeleteItem", "Scan")
    | LOGGING
    | {
        ("dynamodb:PutItem", "RequestLog", LOOKING),
        ("dynamodb:UpdateItem", "ReviewQueue", ("dynamodb:Attributes",)),
        ("dynamodb:UpdateItem", "AccessRenewals", PUTTING),
        SEES_RENEWALS,
    }
    | may("LowSecDataStore", "GetItem", "PutItem")
    | may("OfficeAreas", "GetItem")
    | may("Likenesses", "GetItem", "UpdateItem")
    | OPENS_RECORDS
    | {PUBLISHING},
    "FrontDeskRole": in_part("LowSecDataStore", "GetItem")
    | {
        ("dynamodb:PutItem", "RequestLog", LOOKING),
        ("dynamodb:UpdateItem", "AccessRenewals", PUTTING),
    },
    "AnalyticsRole": puts_off("AnalyticsQueue")
    | may("AnalyticsJoins", "UpdateItem", "PutItem")
    | {PUBLISHING},
    "AnalyticsReleaseRole": takes("ReleaseQueue")
    | may("AnalyticsJoins", "Scan")
    | {("s3:PutObject", "${ReleaseBucket.Arn}/releases/*", ()), PUBLISHING},
    "ApiDocsRole": set(),
}

# ------------------------------------------------------------------ voting

SECRET = ("kms:EncryptionContext:election", "kms:EncryptionContext:purpose")
KEEPING = ("PutItem", "UpdateItem", "DeleteItem")

OFFICE_RIGHTS: dict[str, set[Right]] = {
    "ElectionsRole": may("ElectionsTable", *KEEPING, "Query", "Scan")
    | may("VoterCodesTable", "PutItem")
    | may("TalliesTable", "Query")
    | {
        ("kms:GenerateDataKeyWithoutPlaintext", "VotingKey", SECRET),
        ("sqs:GetQueueAttributes", "BallotQueue", ()),
        ("sqs:GetQueueAttributes", "BallotDlq", ()),
        PUBLISHING,
    },
    "CalendarRole": takes("CalendarQueue") | may("ElectionsTable", *KEEPING, "Scan") | {PUBLISHING},
    "ElectionKeysRole": puts_off("ElectionKeysQueue")
    | {("dynamodb:UpdateItem", "ElectionsTable", ADDING)},
}

READS_ELECTIONS = may("ElectionsTable", "Query", "Scan")
READS_RESULTS: set[Right] = {
    ("s3:GetObject", "${ResultsBucket.Arn}/results/*", ()),
    ("s3:ListBucket", "ResultsBucket", ()),
}
OPENS_SECRETS: Right = ("kms:Decrypt", "VotingKey", SECRET)
THROUGH_SQS = ("kms:ViaService",)
USES_THE_ENCRYPTED_QUEUE: set[Right] = {
    ("kms:GenerateDataKey", "VotingKey", THROUGH_SQS),
    ("kms:Decrypt", "VotingKey", THROUGH_SQS),
}

COUNTING_RIGHTS: dict[str, set[Right]] = {
    "EnqueuerRole": READS_ELECTIONS
    | may("VoterCodesTable", "GetItem")
    | {
        ("dynamodb:GetItem", "BallotsTable", ATTRIBUTES),
        ("sqs:SendMessage", "BallotQueue", ()),
        ("sqs:GetQueueAttributes", "BallotQueue", ()),
        OPENS_SECRETS,
    }
    | USES_THE_ENCRYPTED_QUEUE,
    "ProcessorRole": takes("BallotQueue")
    | READS_ELECTIONS
    | {("dynamodb:PutItem", "BallotsTable", PUTTING), OPENS_SECRETS}
    | USES_THE_ENCRYPTED_QUEUE,
    "TallyRole": may("BallotsTable", "DescribeStream", "GetRecords", "GetShardIterator")
    | may("*", "ListStreams")
    | may("TalliesTable", "GetItem", "PutItem")
    | {("sqs:SendMessage", "SnapshotQueue", ())},
    "PressRole": takes("SnapshotQueue")
    | takes("StatesQueue")
    | READS_ELECTIONS
    | may("TalliesTable", "Query")
    | READS_RESULTS
    | {("s3:PutObject", "${ResultsBucket.Arn}/results/*", ()), PUBLISHING},
    "CounterRole": takes("CounterQueue")
    | {
        # The election by which it filters is an attribute.
        ("dynamodb:Scan", "BallotsTable", ATTRIBUTES),
        ("dynamodb:UpdateItem", "ElectionsTable", ADDING),
    },
    "ResultsRole": READS_ELECTIONS | READS_RESULTS,
}

# ------------------------------------------------------------------ the public log


def stored(bucket: str, folders: str, *operations: str) -> set[Right]:
    return {
        (f"s3:{operation}", f"${{{bucket}.Arn}}/{folder}/*", ())
        for operation in operations
        for folder in folders.split()
    }


LISTS_THE_LOG: Right = ("s3:ListBucket", "LogBucket", ())
RECORDS = (
    stored("LogBucket", "log journal index", "GetObject", "PutObject")
    | {("kms:Sign", "LogKey", ()), ("kms:GetPublicKey", "LogKey", ())}
    | {LISTS_THE_LOG, PUBLISHING}
)

AUDIT_RIGHTS: dict[str, set[Right]] = {
    "LogWriterRole": may("BallotsTable", "DescribeStream", "GetRecords", "GetShardIterator")
    | may("*", "ListStreams")
    | RECORDS,
    "EventLoggerRole": takes("EventQueue") | RECORDS,
    "OpenerRole": takes("CertifiedQueue")
    | {("dynamodb:Scan", "BallotsTable", ATTRIBUTES)}
    | stored("LogBucket", "log/openings auditors", "GetObject", "PutObject")
    | stored("LogBucket", "log journal index", "GetObject")
    | {LISTS_THE_LOG, PUBLISHING},
    "PublicLogRole": stored("LogBucket", "log index", "GetObject") | {LISTS_THE_LOG},
}

# ------------------------------------------------------------------ all of them

RIGHTS = IDENTITY_RIGHTS | OFFICE_RIGHTS | COUNTING_RIGHTS | AUDIT_RIGHTS
"""Every role of every template; no two templates have a role of the same name."""
