"""Random policies and requests, from words that meet often enough for every rule to matter."""

ACCOUNTS = ["111122223333", "444455556666"]
ACTIONS = ["s3:GetObject", "s3:PutObject", "s3:ListBucket", "sqs:SendMessage", "sqs:ReceiveMessage", "iam:GetUser", "kms:Decrypt"]
ACTION_PATTERNS = ACTIONS + ["s3:*", "S3:get*", "*", "s3:*Object", "sqs:S?ndMessage", "iam:*", "*:*"[:1], "s3:?etObject", "kms:De*"]
RESOURCES = ["arn:aws:s3:::bucket", "arn:aws:s3:::bucket/a", "arn:aws:s3:::bucket/home/Bob/x", "arn:aws:s3:::bucket/home/*/x",
             "arn:aws:sqs:us-east-1:111122223333:queue", "arn:aws:iam::111122223333:user/Bob", "arn:aws:s3:::bucket/caf\u00e9"]
RESOURCE_PATTERNS = ["*", "arn:aws:s3:::bucket", "arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket/home/${aws:username}/*",
                     "arn:aws:s3:::*/a", "arn:aws:sqs:*:*:queue", "arn:aws:sqs:us-east-?:111122223333:qu*e", "arn:aws:iam::*:user/${aws:username}",
                     "arn:aws:s3:::bucket/home/${*}/x", "arn:aws:s3:::bucket/${aws:PrincipalTag/team, 'home'}/*", "arn:aws:s3:::bucket/${s3:prefix,'a'}",
                     "arn:aws:s3:::bucket/caf?", "arn:aws:s3:::b*t/h*B?b/*", "arn:aws:s3:::${nobody:knows}/a", "arn:aws:s3:::bucket/home/${aws:userid}/x"]
TEXTS = ["Bob", "bob", "B*", "?ob", "red", "Red", "", "home/${aws:username}", "*", "${aws:username}", "${*}", "a", "${nobody:knows, 'red'}"]
NUMBERS = ["1", "10", "10.0", "2.5", "-3", "x", "9007199254740993", "9007199254740992"]
DATES = ["2020-01-01T00:00:00Z", "2020-01-01T01:00:00+01:00", "2020-01-01", "1577836800", "2021-06-01T12:30:00.5Z", "2020"]
ADDRESSES = ["203.0.113.0/24", "203.0.113.7", "0.0.0.0/0", "2001:db8::/32", "::/0", "203.0.113.128/25"]
ARNS = ["arn:aws:iam::111122223333:role/r", "arn:aws:iam::*:role/*", "arn:aws:sns:us-east-1:111122223333:topic", "arn:aws:sns:*:*:topic",
        "arn:aws:sns:*:topic", "*", "arn:aws:iam::111122223333:user/${aws:username}", "arn:aws:sns:us-*-1:${aws:PrincipalAccount}:t?pic"]
BOOLEANS = ["true", "false", "True", True, False]

KEYS = {  # key: the values that a request may have, and whether several
    "aws:username": (["Bob", "bob", "*", "Eve"], False),
    "aws:userid": (["AIDABOB0000000000001", "x"], False),
    "aws:PrincipalTag/team": (["red", "Red", "home"], False),
    "aws:PrincipalAccount": (ACCOUNTS, False),
    "aws:TagKeys": (["red", "Bob", "a", "b"], True),
    "s3:prefix": (["", "home/Bob", "a", "home/*"], False),
    "s3:max-keys": (["1", "10", "11", "2.5", "x", "9007199254740993"], False),
    "aws:CurrentTime": (["2020-01-01T00:00:00Z", "2021-06-01T12:30:00Z", "1577836800"], False),
    "aws:SecureTransport": (["true", "false"], False),
    "aws:SourceIp": (["203.0.113.7", "203.0.113.200", "2001:db8::1", "10.0.0.1"], False),
    "aws:SourceArn": (["arn:aws:sns:us-east-1:111122223333:topic", "arn:aws:iam::111122223333:role/r", "arn:aws:sns:us-east-1:111122223333:topic:sub"], False),
    "k:binary": (["Bob", "red"], False),
}
OPERATORS = {
    "StringEquals": TEXTS, "StringNotEquals": TEXTS, "StringEqualsIgnoreCase": TEXTS, "StringNotEqualsIgnoreCase": TEXTS, "StringLike": TEXTS,
    "StringNotLike": TEXTS, "NumericEquals": NUMBERS, "NumericNotEquals": NUMBERS, "NumericLessThan": NUMBERS, "NumericLessThanEquals": NUMBERS,
    "NumericGreaterThan": NUMBERS, "NumericGreaterThanEquals": NUMBERS, "DateEquals": DATES, "DateNotEquals": DATES, "DateLessThan": DATES,
    "DateLessThanEquals": DATES, "DateGreaterThan": DATES, "DateGreaterThanEquals": DATES, "Bool": BOOLEANS, "IpAddress": ADDRESSES,
    "NotIpAddress": ADDRESSES, "ArnEquals": ARNS, "ArnLike": ARNS, "ArnNotEquals": ARNS, "ArnNotLike": ARNS, "Null": BOOLEANS[:2],
    "BinaryEquals": ["Qm9i", "cmVk", "!!"],
}
FITTING = {"Numeric": ["s3:max-keys"], "Date": ["aws:CurrentTime"], "Bool": ["aws:SecureTransport"], "IpAddress": ["aws:SourceIp"],
           "NotIpAddress": ["aws:SourceIp"], "Arn": ["aws:SourceArn"], "Binary": ["k:binary"]}

PRINCIPALS = [
    {"kind": "user", "account": ACCOUNTS[0], "arn": "arn:aws:iam::111122223333:user/Bob", "id": "AIDABOB0000000000001"},
    {"kind": "role", "account": ACCOUNTS[0], "arn": "arn:aws:sts::111122223333:assumed-role/r/s", "id": "AROAROLE000000000001:s",
     "issuer": "arn:aws:iam::111122223333:role/r", "provider": "www.example.com"},
    {"kind": "federated", "account": ACCOUNTS[0], "arn": "arn:aws:sts::111122223333:federated-user/f", "id": "111122223333:f",
     "issuer": "arn:aws:iam::111122223333:user/Bob"},
    {"kind": "root", "account": ACCOUNTS[0], "arn": "arn:aws:iam::111122223333:root", "id": ACCOUNTS[0]},
    {"kind": "user", "account": ACCOUNTS[1], "arn": "arn:aws:iam::444455556666:user/Eve", "id": "AIDAEVE0000000000001"},
    {"kind": "service", "account": ACCOUNTS[0], "arn": "sns.amazonaws.com"},
    {"kind": "anonymous"},
]
NAMES = {
    "AWS": ["*", *ACCOUNTS, "arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:user/Bob", "arn:aws:iam::111122223333:role/r",
            "arn:aws:sts::111122223333:assumed-role/r/s", "arn:aws:sts::111122223333:federated-user/f", "AIDABOB0000000000001", "AROAROLE000000000001",
            "arn:aws:iam::444455556666:user/Eve"],
    "Service": ["sns.amazonaws.com", "sqs.amazonaws.com"],
    "Federated": ["www.example.com"],
}


def some(rng, words, most=3):
    chosen = rng.sample(words, rng.randint(1, min(most, len(words))))
    return chosen[0] if len(chosen) == 1 and rng.random() < 0.5 else chosen


def any_case(rng, key):
    """Condition keys have no case; the key of a tag keeps its own here."""
    name, slash, tag = key.partition("/")
    return rng.choice([name, name.lower(), name.upper()]) + slash + tag


def conditions(rng):
    out = {}
    for _ in range(rng.choice([0, 0, 0, 1, 1, 2])):
        name = rng.choice(list(OPERATORS))
        fitting = next((keys for prefix, keys in FITTING.items() if name.startswith(prefix)), list(KEYS))
        key = rng.choice(fitting if rng.random() < 0.9 else list(KEYS))
        operator = name
        if name != "Null":
            operator = rng.choice(["", "", "", "ForAllValues:", "ForAnyValue:"]) + name + rng.choice(["", "", "IfExists"])
        out.setdefault(operator, {})[any_case(rng, key)] = some(rng, OPERATORS[name])
    return out


def principal(rng):
    if rng.random() < 0.25:
        return "*"
    return {kind: some(rng, NAMES[kind], 4) for kind in rng.sample(list(NAMES), rng.choice([1, 1, 1, 2]))}


def statement(rng, with_principal, deny):
    out = {"Effect": "Deny" if rng.random() < deny else "Allow"}
    if with_principal:
        out[rng.choice(["Principal"] * 5 + ["NotPrincipal"])] = principal(rng)
    out[rng.choice(["Action"] * 6 + ["NotAction"])] = some(rng, ACTION_PATTERNS)
    out[rng.choice(["Resource"] * 6 + ["NotResource"])] = some(rng, RESOURCE_PATTERNS)
    condition = conditions(rng)
    if condition:
        out["Condition"] = condition
    return out


def policy(rng, with_principal=False, deny=0.15, old=0.2):
    statements = [statement(rng, with_principal, deny) for _ in range(rng.choice([1, 1, 2, 3]))]
    version = "2008-10-17" if with_principal and rng.random() < old else "2012-10-17"
    return {"Version": version, "Statement": statements if len(statements) > 1 or rng.random() < 0.5 else statements[0]}


def context(rng):
    out = {}
    for key, (values, many) in KEYS.items():
        if rng.random() < 0.35:
            continue
        name, slash, tag = key.partition("/")
        out[name.lower() + slash + tag] = rng.sample(values, rng.randint(0, 3)) if many else [rng.choice(values)]
    return out


FULL = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
FULL_RCP = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}}


def levels(rng, full, with_principal):
    if rng.random() < 0.7:
        return []
    return [[full if rng.random() < 0.6 else policy(rng, with_principal, 0.4, old=0) for _ in range(rng.choice([1, 1, 2]))] for _ in range(rng.choice([1, 2, 3]))]


def case(rng):
    who = rng.choice(PRINCIPALS)
    has_own = who["kind"] in ("user", "role", "federated")
    session = None
    if who["kind"] in ("role", "federated", "root") and rng.random() < 0.4:
        session = [policy(rng, deny=0.1) for _ in range(rng.choice([0, 1, 2]))]
    return {
        "principal": who, "action": rng.choice(ACTIONS), "resource": rng.choice(RESOURCES), "context": context(rng),
        "identity": [policy(rng) for _ in range(rng.choice([0, 1, 2, 3]))] if has_own else [],
        "boundary": policy(rng, deny=0.05) if has_own and rng.random() < 0.3 else None,
        "session": session,
        "scp": levels(rng, FULL, False) if who["kind"] not in ("service", "anonymous") else [],
        "rcp": levels(rng, FULL_RCP, True),
        "endpoint": policy(rng, True) if rng.random() < 0.1 else None,
        "resource_policy": policy(rng, True) if rng.random() < 0.6 else None,
        "rules": rng.random() < 0.15, "granted": rng.random() < 0.05,
        "cross": who.get("account") == ACCOUNTS[1] or rng.random() < 0.15,
    }
