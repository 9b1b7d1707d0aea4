"""A stranger: calls that nobody meant, made at random from botocore's descriptions, and a close look at what is answered.

He learns as he goes: what answers name he asks for, and a call that was good he tries again with a few places changed.
`found` is what no service may do: a 5xx, a cut connection, an answer that the SDK cannot read or that breaks its own
description, an error without a code, pages that are not the whole list. 501 is allowed where it says what is absent."""
import collections
import contextlib
import copy
import datetime
import json
import math
import random
import re
from re import _parser as patterns

from botocore import xform_name
from botocore.exceptions import ClientError, ConnectionError, HTTPClientError

TEXTS = ["", " ", "\0", "a\0b", "\x01\x1f", "\x7f", "\ufffe\uffff", "\U0001f600", "\ud800", "x" * 256, "x" * 1025, "x" * 70000, "../../etc/passwd", "*", "?", "${x}", "%s%n",
         "arn:aws:::::::", "arn:" * 20, "[" * 2000, '{"a":' * 300, "'", '"', "\\", "<a>", "]]>", "null", "-1", "1e400", "NaN", "99999999999999999999", "a\r\nX: y", "\u202eabc", "\u0130",
         "(" * 100, ".", "rate(0 minutes)", "cron(* * * * ? *)", "{}", "[]", '{"a":1}', "aws:x", "000000000000", "us-east-1", "SELECT * FROM x", "a = :b", "#a", "a[0]", "a.b[99999999999]"]
NUMBERS = [0, 1, -1, 2, 10, 60, 100, 1000, 3600, 86400, 2**16, 2**31 - 1, 2**31, -2**31, 2**53, 2**63 - 1, 2**63, -2**63, 2**64, 10**30]
OTHERS = [None, True, 0, -1, 1.5, 10**30, "x", "", [], {}, [1], {"a": 1}, [[]], b"\xff\0", float("nan"), [None], {"a": None}]
PIECES = [b"[", b"{", b"\0", b"\xff", b"]", b"}", b"<", b">", b"&", b"=", b"%", b'"', b"\\u0000", b"\\ud800", b"null", b"1e999", b"-", b"%00", b"&#0;", b"&x;"]
DOCUMENTS = [json.dumps(d) for d in (
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}, {"source": ["a"]}, {}, [],
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "*"}]}, {"detail": {"a": [{"numeric": [">", 1]}]}})]
# What AWS itself answers beside its description: FailureInfo names the codes of other services, SQS leaves an empty list
# out, a table's throughput was decreased 0 times and is 0 on demand, a simulated policy is an "IAM Policy", the root user's
# number is shorter and it has no name, grants of S3 have "default" in their ARNs; what has no name is the list of all, an
# access point's alias is shorter, and not every list that is asked for resources has pages.
ANYWAY = ("FailedResourcesMap", "Batch.Successful", "Batch.Failed", "NumberOfDecreasesToday", "CapacityUnits: 0", "SourcePolicyType", "GetUser.User", "AccessKey.UserName",
          "AccessGrantArn", "AccessGrantsLocationArn", "GetSchedule.Schedules", "GetScheduleGroup.ScheduleGroups", "DescribePipe.Pipes", ".Alias: ", "IntelligentTieringConfiguration.IntelligentTieringConfiguration.", "can't be specified together")


def python_pattern(pattern):
    for ours, theirs in (("\\p{L}", "A-Za-z\u00c0-\u024f"), ("\\p{N}", "0-9"), ("\\p{Z}", " "), ("\\p{M}", "\u0300"), ("\\p{S}", "+"), ("\\p{P}", "!-/"), ("\\p{Alnum}", "A-Za-z0-9"),
                         ("\\p{Print}", " -~"), ("\\p{ASCII}", "\0-\x7f"), ("\\p{Graph}", "!-~"), ("\\P{C}", " -~"), ("\\z", "\\Z"), ("\\x{10000}-\\x{10FFFF}", "\U00010000-\U0010ffff"),
                         ("\\u10000-\\u10FFFF", "\U00010000-\U0010ffff")):
        pattern = pattern.replace(ours, theirs)
    return pattern


class Words:
    """Values of a shape: mostly right ones, wrong ones now and then (`rudeness`)."""

    def __init__(self, rng):
        self.rng, self.rudeness = rng, 0
        self.known = collections.defaultdict(list)  # by the member's name, what answers and good calls have said

    def learn(self, value, name=""):
        if isinstance(value, dict):
            for key in value:
                if key != "ResponseMetadata":
                    self.learn(value[key], str(key))
        elif isinstance(value, list):
            for one in value[:5]:
                self.learn(one, name)
        elif isinstance(value, str) and name and 0 < len(value) < 2000:
            for where in (name.lower(), "arn") if value.startswith("arn:") else (name.lower(),):
                if value not in self.known[where]:
                    self.known[where] = [*self.known[where][-60:], value]

    def of(self, shape, name="", depth=0):
        if self.rng.random() < self.rudeness / 2:
            return copy.deepcopy(self.rng.choice(OTHERS))
        return getattr(self, "_" + shape.type_name)(shape, name, depth)

    def _structure(self, shape, name, depth):
        members, rng = list(shape.members.items()), self.rng
        if getattr(shape, "is_tagged_union", False) and members and rng.random() > self.rudeness:
            members, wanted = [rng.choice(members)], 1
        else:
            wanted = 0 if depth > 6 else rng.choice([0.12, 0.4])
        return {k: self.of(s, k, depth + 1) for k, s in members
                if rng.random() < (1 - self.rudeness / 2 if k in shape.required_members else wanted)}

    def _list(self, shape, name, depth):
        least, most = shape.metadata.get("min", 0), shape.metadata.get("max", 3)
        n = self.rng.choice([0, most, most + 1]) if self.rng.random() < self.rudeness else max(least, min(most, self.rng.choice([1, 1, 2, 3])))
        some = [self.of(shape.member, name, depth + 1) for _ in range(min(n, 12 if depth < 7 else least))]
        return (some * (n // len(some) + 1))[:min(n, 300)] if some else some

    def _map(self, shape, name, depth):
        return {str(self._string(shape.key, name + "key", depth)): self.of(shape.value, name, depth + 1) for _ in range(self.rng.choice([0, 1, 2]) if depth < 7 else 0)}

    def _string(self, shape, name, depth):
        rng, low, meta = self.rng, name.lower(), shape.metadata
        if rng.random() < self.rudeness:
            return rng.choice(TEXTS)
        if getattr(shape, "enum", None):
            return rng.choice(shape.enum)
        if rng.random() < 0.75:
            for where in (low, low.removesuffix("s"), "arn" if "arn" in low else ""):
                if self.known.get(where):
                    return rng.choice(self.known[where])
        if any(word in low for word in ("policy", "document", "pattern", "body")) and rng.random() < 0.8:
            return rng.choice(DOCUMENTS)
        least, most = meta.get("min", 1), min(meta.get("max", 40), 3000)
        if "pattern" in meta and rng.random() < 0.8:
            with contextlib.suppress(ValueError, re.error, StopIteration):
                text = self._sample(patterns.parse(python_pattern(meta["pattern"])))[:most]
                return text + "a" * (least - len(text))
        n = rng.choice([least, most, 8]) if rng.random() < 0.3 else max(least, min(most, 9))
        return "".join(rng.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(n))

    def _sample(self, parsed):
        """A text that fits a regular expression, roughly."""
        def one(op, arg):
            if op == "LITERAL":
                return chr(arg)
            if op in ("ANY", "NOT_LITERAL"):
                return self.rng.choice("abcXYZ019-_")
            if op == "IN":
                return self._of_class([(str(o), a) for o, a in arg])
            if op in ("MAX_REPEAT", "MIN_REPEAT"):
                most = min(int(arg[1]), arg[0] + self.rng.choice([0, 1, 5, 12]))
                return "".join(self._sample(arg[2]) for _ in range(self.rng.randint(arg[0], max(arg[0], most))))
            if op == "SUBPATTERN":
                return self._sample(arg[-1])
            if op == "BRANCH":
                return self._sample(self.rng.choice(arg[1]))
            if op in ("AT", "ASSERT", "ASSERT_NOT"):
                return ""
            raise ValueError(op)
        return "".join(one(str(op), arg) for op, arg in parsed)

    def _of_class(self, items):
        kinds = {"CATEGORY_DIGIT": "7", "CATEGORY_WORD": "w", "CATEGORY_SPACE": " "}
        chars = [chr(a) if op == "LITERAL" else chr(self.rng.randint(a[0], min(a[1], a[0] + 200))) if op == "RANGE" else kinds.get(str(a), "z") for op, a in items if op != "NEGATE"]
        return next(c for c in "abcdefghij-1 " if c not in chars) if items[0][0] == "NEGATE" else self.rng.choice(chars)

    def _integer(self, shape, name, depth):
        low, high = shape.metadata.get("min"), shape.metadata.get("max")
        if self.rng.random() < self.rudeness:
            return self.rng.choice([*NUMBERS, (low or 0) - 1, (high or 0) + 1])
        if low is None and high is None:
            return self.rng.choice([1, 2, 5, 10, 30, 60, 300, 3600])
        low = low or 0
        high = low + 1000 if high is None else high
        return self.rng.choice([low, high, min(high, low + 5), self.rng.randint(low, max(low, high))])

    _long = _integer

    def _float(self, shape, name, depth):
        return self.rng.choice([float("nan"), float("inf"), -1e308, 5e-324] if self.rng.random() < self.rudeness else [0.0, 1.0, 5.0, 0.5, 99.9, -1.5, 1e10])

    _double = _float

    def _boolean(self, shape, name, depth):
        return self.rng.random() < 0.5

    def _timestamp(self, shape, name, depth):
        if self.rng.random() < self.rudeness:
            return datetime.datetime(self.rng.choice([1, 1970, 2262, 9999]), 1, 1)
        return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=self.rng.choice([-1e6, -86400, -3600, 0, 3600, 86400, 1e7]))

    def _blob(self, shape, name, depth):
        return self.rng.randbytes(self.rng.choice([0, 1, 16, 32, 100]))

    # ---- a call that was good, with a few places changed ----

    def bent(self, params, shape):
        params = copy.deepcopy(params)
        for _ in range(self.rng.choice([1, 1, 2, 3])):
            places = list(self._places(params))
            if places and self.rng.random() < 0.9:
                self._bend(*self.rng.choice(places))
            elif absent := [m for m in shape.members if m not in params]:
                member = self.rng.choice(absent)
                params[member] = self.of(shape.members[member], member, 1)
        return params

    def _places(self, value):
        for key in list(value) if isinstance(value, dict) else range(min(len(value), 5)) if isinstance(value, list) else ():
            yield value, key
            yield from self._places(value[key])

    def _bend(self, holder, key):
        old, what = holder[key], self.rng.random()
        if what < 0.1 and isinstance(holder, dict):
            del holder[key]
        elif what < 0.2 and isinstance(holder, dict):
            holder[self.rng.choice(TEXTS)] = old
        elif what < 0.35:
            holder[key] = copy.deepcopy(self.rng.choice(OTHERS))
        elif isinstance(old, str):
            holder[key] = self._bent_text(old) if what < 0.75 else self.rng.choice(TEXTS)
        elif isinstance(old, (int, float)):
            holder[key] = self.rng.choice([*NUMBERS, old + 1, old - 1, -old])
        elif isinstance(old, list):
            holder[key] = self.rng.choice([old * 2, old * 30, [], old[1:]])[:400]

    def _bent_text(self, text):
        i, j = sorted(self.rng.randrange(len(text) + 1) for _ in range(2))
        sign = self.rng.choice("()[]{}:,.*?\"'\\/=<>#$%&|-+ 09aZ\n\t\0")
        return self.rng.choice([text[:i] + text[j:], text[:i], text[:i] + self.rng.choice(TEXTS)[:300] + text[j:], text * 2, text[:i] + sign + text[j:], text[:i] + text[i:j] * 40 + text[j:],
                                text.upper(), f" {text} ", re.sub(r"\d+", lambda _: str(self.rng.choice(NUMBERS)), text)])[:100000]

    def bytes(self, data):
        """Other bytes than an SDK would send."""
        rng = self.rng
        i, j = sorted(rng.randrange(len(data) + 1) for _ in range(2))
        return rng.choice([
            lambda: data[:i], lambda: data[:i] + rng.choice(PIECES) + data[j:], lambda: data[:i] + rng.choice(PIECES) + data[i:], lambda: data + data, lambda: b"",
            lambda: data[:i] + data[i:j] * 20 + data[j:], lambda: rng.choice([b"[", b'{"a":', b"<a>", b"\x81", b"\x9f", b"\xa1aa", b"a.1="]) * rng.choice([100, 5000, 100000]),
            lambda: rng.choice([b"null", b"[]", b"1", b'"x"', b"\xef\xbb\xbf" + data, b"\xff\xfe", b"\xa0", b"\xbf\xff", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"]),
            lambda: data[:-1] + b"," + data[1:], lambda: re.sub(rb"[0-9]+", lambda _: str(rng.choice(NUMBERS)).encode(), data),
            lambda: re.sub(rb'"[^"]*"', lambda m: m[0] if rng.random() > 0.15 else rng.choice([b"null", b"1", b"[]", b"{}", b"true", b'""', b'"\\u0000"', b'"\\ud800"', b"1E400"]), data)])()


def breaches(value, shape, path):
    """Where a value is not what its description says."""
    meta, kind = shape.metadata, shape.type_name
    if kind == "structure" and isinstance(value, dict):
        yield from (f"{path}.{k}: absent" for k in shape.required_members if k not in value)
        for k in value:
            if k == "SDK_UNKNOWN_MEMBER":
                yield f"{path}: {value[k]}"
            elif k in shape.members:
                yield from breaches(value[k], shape.members[k], f"{path}.{k}")
    elif kind == "list" and isinstance(value, list):
        for one in value:
            yield from breaches(one, shape.member, path + "[]")
    elif kind == "map" and isinstance(value, dict):
        for k in value:
            yield from breaches(k, shape.key, path + ".key")
            yield from breaches(value[k], shape.value, path + "{}")
    elif kind == "string" and isinstance(value, str):
        if getattr(shape, "enum", None) and value not in shape.enum:
            yield f"{path}: {value!r} is not of the enumeration"
        if not meta.get("min", 0) <= len(value) <= meta.get("max", math.inf):
            yield f"{path}: {value[:60]!r} has {len(value)} characters"
        with contextlib.suppress(re.error):
            if "pattern" in meta and len(value) < 3000 and not re.search(f"^(?:{python_pattern(meta['pattern'])})$", value, re.S):
                yield f"{path}: {value[:100]!r} does not fit {meta['pattern'][:80]}"
    elif kind in ("integer", "long", "float", "double") and isinstance(value, (int, float)) and not meta.get("min", -math.inf) <= value <= meta.get("max", math.inf):
        yield f"{path}: {value}"


def unknown_members(value, shape, path):
    """Of JSON as it came: what the SDK would pass over, null for one."""
    if value is None:
        yield f"{path}: null"
    elif shape.type_name == "structure" and isinstance(value, dict):
        names = {s.serialization.get("name", k): s for k, s in shape.members.items()}
        for k in value:
            if k in names:
                yield from unknown_members(value[k], names[k], f"{path}.{k}")
            else:
                yield f"{path}.{k}: not described"
    elif shape.type_name in ("list", "map"):
        for one in value if shape.type_name == "list" else value.values():
            yield from unknown_members(one, shape.member if shape.type_name == "list" else shape.value, path + "[]")


class Stranger:
    """operations: {service: names}; client(service, config=...) makes clients."""

    CONFIG = {"parameter_validation": False, "read_timeout": 60, "request_checksum_calculation": "when_required", "response_checksum_validation": "when_required",
              "s3": {"addressing_style": "path"}, "inject_host_prefix": False}

    def __init__(self, seed, operations, client):
        self.rng, self.operations, self.make_client = random.Random(seed), operations, client
        self.words, self.good, self.clients = Words(self.rng), collections.defaultdict(list), {}
        self.counts, self.found, self.rude_bytes, self.sent, self.came = collections.Counter(), [], False, None, None

    def client(self, service):
        if service not in self.clients:
            client = self.clients[service] = self.make_client(service, config=self.CONFIG)
            client.meta.events.register_first("before-sign", self._before_sign)
            client.meta.events.register("before-parse", self._before_parse)
        return self.clients[service]

    def forget_clients(self):
        """The server moved."""
        self.clients.clear()

    def _before_sign(self, request, **_):
        if self.rude_bytes and isinstance(request.data, (bytes, str)):
            data = request.data if isinstance(request.data, bytes) else request.data.encode("utf-8", "surrogatepass")
            request.data = self.words.bytes(data)
            for header in ("Content-MD5", "Content-Length", "x-amz-sdk-checksum-algorithm", "x-amz-checksum-crc32"):
                del request.headers[header]
        self.sent = request.method, request.url[:300], request.data[:2000] if isinstance(request.data, (bytes, str)) else None

    def _before_parse(self, response_dict, **_):
        self.came = response_dict["status_code"], response_dict["body"]

    def step(self):
        """One call; what came of it is looked at."""
        service = self.rng.choice([s for s in self.operations if self.operations[s]])
        model = self.client(service).meta.service_model
        names = sorted(self.operations[service] & set(model.operation_names))
        name = self.rng.choice(names)
        if name.startswith(("Delete", "Close", "Leave", "Disable", "Remove")):  # what is gone can be asked nothing
            name = self.rng.choice([name, *self.rng.choices(names, k=2)])
        shape = model.operation_model(name).input_shape
        self.words.rudeness, self.rude_bytes = self.rng.choice([0, 0, 0.05, 0.2]), self.rng.random() < 0.2
        if not shape:
            params = {}
        elif self.good[service, name] and self.rng.random() < 0.5:
            params = self.rng.choice(self.good[service, name])
            params = self.words.bent(params, shape) if self.rng.random() < 0.75 else params
        else:
            params = self.words._structure(shape, "", 0)
        if isinstance(params.get("WaitTimeSeconds"), int):
            params["WaitTimeSeconds"] = min(params["WaitTimeSeconds"], 1)
        self.call(service, name, params)

    def call(self, service, name, params):
        self.sent = self.came = None
        self.counts["calls"] += 1
        try:
            answer = self.client(service)._make_api_call(name, params)
        except ClientError as refusal:
            self._look_at_refusal(service, name, refusal.response)
        except (HTTPClientError, ConnectionError) as error:
            if self.sent and not any(word in str(error) for word in ("URL", "Invalid header")):  # the client itself would not send it
                self._tell(service, name, f"cut: {error}")
        except Exception as error:  # botocore could not write it, or could not read what came
            if self.came:
                self._tell(service, name, f"cannot be read: {error}")
        else:
            self.counts["accepted"] += 1
            self._look_at_answer(service, name, answer)
            self.words.learn(answer)
            if not self.rude_bytes:
                self.words.learn(params)
                self.good[service, name] = [*self.good[service, name][-20:], params]

    def _tell(self, service, name, what):
        if not any(word in what for word in ANYWAY):
            self.found.append(f"{service} {name} {what}\n  sent {self.sent}\n  came {str(self.came)[:600]}")

    def _look_at_refusal(self, service, name, answer):
        status, code, message = self.came[0], answer["Error"].get("Code", ""), answer["Error"].get("Message", "")
        if self.came[1] in (b"Bad Request\n", b"URI Too Long\n", b"Request Header Fields Too Large\n"):
            return  # it was no HTTP
        if b"&#x0;" in self.came[1]:
            return  # so S3 lists a NUL, which no reader of XML takes
        described = re.fullmatch(r"[A-Za-z0-9.]+", code) and (not code.isdigit() or self.sent[0] == "HEAD" or status == 304)
        if (status >= 500 and not (status == 501 and message)) or not described:
            self._tell(service, name, f"{status} {code!r} {message[:200]}")

    def _look_at_answer(self, service, name, answer):
        operation = self.client(service).meta.service_model.operation_model(name)
        shape, body = operation.output_shape, self.came[1]
        if not shape:
            return
        for breach in breaches(answer, shape, name):
            self._tell(service, name, breach)
        if "json" in operation.service_model.metadata["protocol"] and not shape.serialization.get("payload") and isinstance(body, bytes) and body:
            for breach in unknown_members(json.loads(body), shape, name):
                self._tell(service, name, breach)

    def turn_pages(self):
        """Every list that was asked for once, or that asks for nothing: in pages of one it is the whole."""
        self.rude_bytes = False
        for service in self.operations:
            client = self.client(service)
            for name in sorted(self.operations[service] & set(client.meta.service_model.operation_names)):
                if client.can_paginate(xform_name(name)):
                    shape = client.meta.service_model.operation_model(name).input_shape
                    for params in self.good[service, name][-4:] or [{}][:not (shape and shape.required_members)]:
                        self._turn(service, name, params, client.get_paginator(xform_name(name)))

    def _turn(self, service, name, params, paginator):
        how, members = paginator._pagination_cfg, paginator._model.input_shape.members
        if how.get("limit_key") not in members:
            return
        least = max(1, members[how["limit_key"]].metadata.get("min", 1))
        tokens = how["input_token"] if isinstance(how["input_token"], list) else [how["input_token"]]
        params = {k: params[k] for k in params if k not in (how["limit_key"], *tokens)}
        lists = lambda found: {k: v for k, v in found.items() if isinstance(v, list)}
        try:
            whole = lists(paginator.paginate(**params).build_full_result())
            if any(len(v) > 60 for v in whole.values()):
                return
        except ClientError as refusal:
            return self._look_at_refusal(service, name, refusal.response)
        try:
            pieces = lists(paginator.paginate(**params, PaginationConfig={"PageSize": least}).build_full_result())
        except ClientError as refusal:
            return self._tell(service, name, f"{params} in pages: {refusal}")
        self.counts["lists"] += 1
        if whole != pieces:
            self._tell(service, name, f"{params} in pages:\n  whole {whole}\n  pieces {pieces}")
