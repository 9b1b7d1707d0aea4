"""A second evaluator of AWS policies, written from the IAM user guide and not from src/auth: straight, slow,
with Python's own means (re, ipaddress, datetime, fractions). The pages stand at each part."""
import base64
import binascii
import ipaddress
import re
from datetime import datetime, timedelta, timezone
from fractions import Fraction

VARIABLE = re.compile(r"\$\{([^}]+)\}")


class Unresolved(Exception):
    """A policy variable without a value: what holds it matches nothing."""


def as_list(value):
    return value if isinstance(value, list) else [value]


class Request:
    def __init__(self, case):
        self.principal = case["principal"]
        self.action, self.resource = case["action"], case["resource"]
        self.context = case["context"]

    def values(self, key):
        """None: the key is absent."""
        name, slash, rest = key.partition("/")
        return self.context.get(name.lower() + slash + rest)


# ---- patterns; "Policy variables" ----

def substitute(text, request, literal, variables):
    """The text as a regular expression; `literal` says how plain text becomes one."""
    if not variables:
        return literal(text)
    out, at = "", 0
    for match in VARIABLE.finditer(text):
        out += literal(text[at:match.start()])
        at = match.end()
        inside = match[1]
        if inside in ("*", "?", "$"):
            out += re.escape(inside)
            continue
        key, comma, default = inside.partition(",")
        default = default.strip()
        if comma and not (len(default) >= 2 and default[0] == default[-1] == "'"):
            out += literal(match[0])
            continue
        values = request.values(key.strip())
        if values is not None and len(values) == 1:
            out += re.escape(values[0])
        elif comma:
            out += re.escape(default[1:-1])
        else:
            raise Unresolved(key)
    return out + literal(text[at:])


def glob(text):
    return "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in text)


def like(pattern, value, request, variables, wild=True, fold=False):
    try:
        expression = substitute(pattern, request, glob if wild else re.escape, variables)
    except Unresolved:
        return False
    return re.fullmatch(expression, value, re.DOTALL | (re.IGNORECASE | re.ASCII if fold else 0)) is not None


def arn_like(pattern, value, request, variables):
    """Each of the six parts for itself."""
    if pattern == "*":
        return True
    hidden = []

    def hide(match):  # a variable may hold colons, in its name and in its value
        inside = match[1]
        if inside in ("*", "?", "$"):
            hidden.append(re.escape(inside))
        else:
            hidden.append(substitute(match[0], request, re.escape, True))
        return f"\0{len(hidden) - 1}\1"
    try:
        text = VARIABLE.sub(hide, pattern) if variables else pattern
    except Unresolved:
        return False
    expanded = re.sub("\0(\\d+)\1", lambda m: "\2" + hidden[int(m[1])] + "\3", text)
    # Outside of \2..\3 it is a pattern, inside a regular expression of plain text.
    parts, current, inside, out = [], "", False, []
    for c in expanded:
        if c == "\2":
            inside = True
        elif c == "\3":
            inside = False
        elif c == ":" and len(out) < 5:
            out.append(current)
            current = ""
        elif inside:
            current += c
        else:
            current += glob(c)
    out.append(current)
    parts = value.split(":", 5)
    if len(out) != 6 or len(parts) != 6:
        return False
    return all(re.fullmatch(p, v, re.DOTALL) for p, v in zip(out, parts))


# ---- "Condition operators" ----

def number(text):
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text):
        raise ValueError(text)
    return Fraction(text)


def date(text):
    """Seconds since the epoch."""
    if re.fullmatch(r"-?\d+", text) and len(text) != 4:
        return Fraction(int(text))
    match = re.fullmatch(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?(?:[Tt](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?(Z|z|[+-]\d\d:?\d\d)?", text)
    if not match:
        raise ValueError(text)
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    offset = timezone.utc
    if zone and zone not in "Zz":
        digits = zone[1:].replace(":", "")
        delta = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
        offset = timezone(delta if zone[0] == "+" else -delta)
    microsecond = int((fraction or "0").ljust(9, "0")[:3]) * 1000
    then = datetime(int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0), microsecond, offset)
    return Fraction((then - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(milliseconds=1), 1000)


def boolean(text):
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"


def within(network, address):
    net = ipaddress.ip_network(network, strict=False)
    host = ipaddress.ip_address(address)
    return net.version == host.version and host in net


def plain(value):
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


COMPARISONS = {
    "Equals": lambda a, b: a == b, "LessThan": lambda a, b: a < b, "LessThanEquals": lambda a, b: a <= b,
    "GreaterThan": lambda a, b: a > b, "GreaterThanEquals": lambda a, b: a >= b,
}


def matcher(operator, variables):
    """(negated, function(policy value, request value, request))"""
    strings = {"StringEquals": (False, False), "StringEqualsIgnoreCase": (False, True), "StringLike": (True, False)}
    for name, (wild, fold) in strings.items():
        if operator in (name, name.replace("String", "StringNot", 1)):
            return operator != name, lambda p, v, r: like(p, v, r, variables, wild, fold)
    if operator in ("ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"):
        return "Not" in operator, lambda p, v, r: arn_like(p, v, r, variables)
    if operator in ("IpAddress", "NotIpAddress"):
        return operator.startswith("Not"), lambda p, v, r: within(p, v)
    if operator == "Bool":
        return False, lambda p, v, r: boolean(p) == boolean(v)
    if operator == "BinaryEquals":
        return False, lambda p, v, r: base64.b64decode(p, validate=True) == v.encode()
    for kind, read in (("Numeric", number), ("Date", date)):
        if operator.startswith(kind):
            rest = operator[len(kind):]
            compare = COMPARISONS["Equals" if rest == "NotEquals" else rest]
            return rest == "NotEquals", lambda p, v, r: compare(read(v), read(p))
    raise KeyError(operator)


def safely(match, p, v, request):
    try:
        return match(p, v, request)
    except (ValueError, OverflowError, binascii.Error):
        return False  # a value of another kind equals nothing


def condition_holds(operator, key, wanted, request, variables):
    wanted = [plain(w) for w in as_list(wanted)]
    have = request.values(key)
    if operator == "Null":
        return any((have is None) == (w.lower() == "true") for w in wanted)
    quantifier, colon, name = operator.rpartition(":")
    if_exists = name.endswith("IfExists")
    if if_exists:
        name = name[:-len("IfExists")]
        if have is None:
            return True
    negated, match = matcher(name, variables)

    def one(value):
        hit = any(safely(match, w, value, request) for w in wanted)
        return hit != negated
    if quantifier == "ForAllValues":
        return all(one(v) for v in have or [])
    if quantifier == "ForAnyValue":
        return any(one(v) for v in have or [])
    if have is None:
        return negated
    return all(one(v) for v in have) if negated else any(one(v) for v in have)


# ---- "Principal", "NotPrincipal" ----

DIRECT, ROLE, ACCOUNT = "direct", "role", "account"


def names_of(principal):
    """Everything that the caller can be named by, and as what."""
    kind = principal["kind"]
    names = {}
    if kind in ("anonymous",):
        return names
    if kind == "service":
        return {("Service", principal["arn"]): DIRECT}
    account = principal["account"]
    level = DIRECT if kind == "root" else ACCOUNT
    names["AWS", account] = names["AWS", f"arn:aws:iam::{account}:root"] = level
    names["AWS", principal["arn"]] = DIRECT
    if principal.get("issuer"):
        names["AWS", principal["issuer"]] = ROLE
    if kind in ("user", "role"):
        names["AWS", principal["id"]] = DIRECT
    if kind == "role":
        names["AWS", principal["id"].split(":")[0]] = ROLE
    if principal.get("provider"):
        names["Federated", principal["provider"]] = DIRECT
    return names


def listed(element, principal):
    """How the element names the caller: a set of DIRECT, ROLE, ACCOUNT; and whether it names everybody."""
    if element == "*":
        return {DIRECT}, True
    names, found, everybody = names_of(principal), set(), False
    for kind, values in element.items():
        for value in as_list(values):
            if kind == "AWS" and value == "*":
                found.add(DIRECT)
                everybody = True
            elif (kind, value) in names:
                found.add(names[kind, value])
    return found, everybody


def caller_meant(statement, request, bounded):
    principal = request.principal
    if "Principal" in statement:
        return listed(statement["Principal"], principal)[0]
    if "NotPrincipal" not in statement:
        return {DIRECT}
    found, everybody = listed(statement["NotPrincipal"], principal)
    if statement["Effect"] == "Allow":
        return set() if found else {DIRECT}
    if bounded:  # a Deny with NotPrincipal denies whoever has a boundary
        return {DIRECT}
    needed = {DIRECT}
    if principal["kind"] in ("role", "federated"):
        needed |= {ROLE, ACCOUNT}
    if principal["kind"] == "user":
        needed |= {ACCOUNT}
    return set() if everybody or found >= needed else {DIRECT}


# ---- statements ----

def applies(statement, request, variables, bounded):
    actions = as_list(statement.get("Action", statement.get("NotAction")))
    hit = any(like(a, request.action, request, False, fold=True) for a in actions)
    if hit == ("NotAction" in statement):
        return set()
    if "Resource" in statement or "NotResource" in statement:
        resources = as_list(statement.get("Resource", statement.get("NotResource")))
        hit = any(like(r, request.resource, request, variables) for r in resources)
        if hit == ("NotResource" in statement):
            return set()
    for operator, keys in statement.get("Condition", {}).items():
        for key, wanted in keys.items():
            if not condition_holds(operator, key, wanted, request, variables):
                return set()
    return caller_meant(statement, request, bounded)


def evaluate(document, request, bounded=False):
    """(denied, how it allows)"""
    variables = document.get("Version") == "2012-10-17"
    denied, allowed = False, set()
    for statement in as_list(document["Statement"]):
        meant = applies(statement, request, variables, bounded)
        if meant and statement["Effect"] == "Deny":
            denied = True
        elif meant:
            allowed |= meant
    return denied, allowed


# ---- "Policy evaluation logic" ----

def decide(case):
    request = Request(case)
    bounded = bool(case["boundary"])
    kind = request.principal["kind"]

    def ask(documents):
        answers = [evaluate(d, request, bounded) for d in documents]
        return any(a[0] for a in answers), set().union(*(a[1] for a in answers)) if answers else set()
    scp = [ask(level) for level in case["scp"]]
    rcp = [ask(level) for level in case["rcp"]]
    one = {name: ask([case[name]] if case[name] else []) for name in ("endpoint", "resource_policy", "boundary")}
    identity, session = ask(case["identity"]), ask(case["session"] or [])
    for reason, denied in (("scp", any(d for d, _ in scp)), ("rcp", any(d for d, _ in rcp)), ("endpoint", one["endpoint"][0]),
                           ("resource", one["resource_policy"][0]), ("identity", identity[0]), ("boundary", one["boundary"][0]),
                           ("session", session[0])):
        if denied:
            return f"deny {reason}"
    if not all(a for _, a in rcp):
        return "silent rcp"
    if not all(a for _, a in scp):
        return "silent scp"
    if case["endpoint"] and not one["endpoint"][1]:
        return "silent endpoint"
    granted = set(one["resource_policy"][1]) | ({DIRECT} if case["granted"] else set())
    if kind in ("anonymous", "service"):
        return "allow none" if granted else "silent resource"

    def ceilings():
        if case["boundary"] and not one["boundary"][1]:
            return "silent boundary"
        if case["session"] is not None and not session[1]:
            return "silent session"
        return "allow none"
    own = ceilings() if kind == "root" or identity[1] else "silent identity"
    if case["cross"]:
        return own if own != "allow none" or granted else "silent resource"
    if DIRECT in granted and not (kind == "root" and case["session"] is not None):
        return "allow none"
    if ROLE in granted:
        return ceilings()
    if case["rules"] and not granted:
        return "silent resource"
    return own
