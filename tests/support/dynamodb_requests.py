"""Tables of DynamoDB and requests to them, from a seed: small spaces of keys and attributes, so that they meet.

Left out is what the one who compares could not judge: start keys that no page gave, filters on what an index does not hold, an attribute that
is not there as the second operand of if_not_exists, which DynamoDB Local asks for even where it is not needed, and sums of what that makes."""

NUMBERS = ["0", "1", "-1", "2", "10", "1.5", "1e2", "0.1", "-2.25", "1e-130", "9.9999999999999999999999999999999999999E+125", "12345678901234567890123456789012345678"]
TEXTS, BYTES = ["", "a", "b", "ab", "abc", "\u00e9", "\U0001f600"], ["", "YQ==", "Yg==", "/w==", "YWI="]
NAMES = ["a", "b", "c", "d", "e", "f", "g", "h"]  # the first four are keys of indexes
SETS = [{"SS": ["a", "x"]}, {"NS": ["1", "7"]}, {"BS": ["YQ=="]}, {"SS": ["a", "b", "c", "ab"]}]
COMPARISONS = ["=", "<>", "<", "<=", ">", ">="]
OLDER = {"EQ": 1, "NE": 1, "LT": 1, "LE": 1, "GT": 1, "GE": 1, "BETWEEN": 2, "IN": 2, "NULL": 0, "NOT_NULL": 0, "CONTAINS": 1, "NOT_CONTAINS": 1, "BEGINS_WITH": 1}


class Expressions:
    """Texts with their placeholders."""

    def __init__(self, rng):
        self.rng, self.names, self.values = rng, {}, {}

    def chance(self, p):
        return self.rng.random() < p

    def name(self, name):
        if self.chance(0.6):
            return name
        self.names["#" + name] = name
        return "#" + name

    def of(self, value):
        self.values[f":v{len(self.values)}"] = value
        return f":v{len(self.values) - 1}"

    def scalar(self, kind):
        return {kind: self.rng.choice({"S": TEXTS, "N": NUMBERS, "B": BYTES}[kind])}

    def value(self, depth=0):
        kind = self.rng.choice(["S", "N", "N", "B", "BOOL", "NULL", "SET", "L", "M"] if depth < 3 else "SNB")
        if kind in "SNB":
            return self.scalar(kind)
        return {"BOOL": lambda: {"BOOL": self.chance(0.5)}, "NULL": lambda: {"NULL": True}, "SET": lambda: self.rng.choice(SETS),
                "L": lambda: {"L": [self.value(depth + 1) for _ in range(self.rng.randrange(4))]},
                "M": lambda: {"M": {n: self.value(depth + 1) for n in self.rng.sample(NAMES[:3], self.rng.randrange(3))}}}[kind]()

    def path(self, of=NAMES):
        text = self.name(self.rng.choice(of))
        while self.chance(0.15):
            text += f"[{self.rng.choice([0, 1, 2, 50])}]" if self.chance(0.5) else "." + self.name(self.rng.choice(NAMES[:3]))
        return text

    def operand(self):
        return self.path() if self.chance(0.55) else self.of(self.value()) if self.chance(0.8) else f"size({self.path()})"

    def condition(self, depth=0):
        rng, one = self.rng, self.operand
        if depth < 3 and self.chance(0.3):
            joined = f"{self.condition(depth + 1)} {rng.choice(['AND', 'OR'])} {self.condition(depth + 1)}"
            return f"({joined})" if self.chance(0.5) else joined
        return rng.choice([
            lambda: f"NOT {self.condition(depth + 1)}", lambda: f"{one()} {rng.choice(COMPARISONS)} {one()}", lambda: f"{one()} {rng.choice(COMPARISONS)} {one()}",
            lambda: f"{one()} BETWEEN {one()} AND {one()}", lambda: f"{one()} IN ({', '.join(one() for _ in range(rng.choice([1, 2, 3])))})",
            lambda: f"attribute_exists({self.path()})", lambda: f"attribute_not_exists({self.path()})", lambda: f"contains({self.path()}, {one()})",
            lambda: f"attribute_type({self.path()}, {self.of({'S': rng.choice(['S', 'N', 'B', 'SS', 'NS', 'BS', 'L', 'M', 'BOOL', 'NULL'])})})",
            lambda: f"begins_with({self.path()}, {self.of(self.scalar(rng.choice('SB')))})"])()

    def assigned(self, depth=0):
        draw = self.rng.random()
        if draw < 0.15 or depth > 2:
            return self.path()
        if draw < 0.7:
            return self.of(self.value() if self.chance(0.6) else self.scalar("N"))
        if draw < 0.9:
            return f"if_not_exists({self.path()}, {self.of(self.value())})"
        return f"list_append({self.assigned(depth + 1)}, {self.of({'L': [self.value(2)]})})"

    def sum(self):
        return f"{self.path()} {self.rng.choice('+-')} {self.of(self.scalar('N'))}"

    def update(self):
        """With SET always: what is removed of no item is another matter."""
        sets = [f"{self.path(NAMES[4:] if self.chance(0.8) else NAMES)} = {self.sum() if self.chance(0.2) else self.assigned()}" for _ in range(self.rng.choice([1, 1, 2]))]
        text = "SET " + ", ".join(sets)
        if self.chance(0.3):
            text += " REMOVE " + self.path(NAMES[4:])
        if self.chance(0.3):
            text += f" ADD {self.path(NAMES[4:])} {self.of(self.rng.choice([self.scalar('N'), *SETS]))}"
        return text + (f" DELETE {self.path(NAMES[4:])} {self.of(self.rng.choice(SETS))}" if self.chance(0.3) else "")

    def projection(self, keys):
        return ", ".join(self.path([*NAMES, *keys]) for _ in range(self.rng.choice([1, 1, 2, 3])))

    def into(self, body, **texts):
        return {**body, **texts, **({"ExpressionAttributeNames": self.names} if self.names else {}), **({"ExpressionAttributeValues": self.values} if self.values else {})}


class Requests:
    """`tables`: what CreateTable is asked for. next() -> operation, body."""

    def __init__(self, rng):
        self.rng, self.tables = rng, []

    def chance(self, p):
        return self.rng.random() < p

    def new_tables(self):
        self.tables = [self._table(n) for n in range(4)]

    def _table(self, n):
        rng, kinds, keys = self.rng, {"p": self.rng.choice("SNB")}, ["p", "s"] if n % 3 else ["p"]
        kinds.update({"s": rng.choice("SNB")} if n % 3 else {})

        def index(name, *own):
            kinds.update({k: rng.choice("SNB") for k in own if k not in kinds})
            kind = rng.choice(["ALL", "KEYS_ONLY", "INCLUDE"])
            return {"IndexName": name, "KeySchema": schema(own), "Projection": {"ProjectionType": kind, **({"NonKeyAttributes": ["b", "e"]} if kind == "INCLUDE" else {})}}

        def schema(names):
            return [{"AttributeName": name, "KeyType": kind} for name, kind in zip(names, ["HASH", "RANGE"])]
        body = {"TableName": f"table{n}", "BillingMode": "PAY_PER_REQUEST", "KeySchema": schema(keys), "GlobalSecondaryIndexes": [index("by-a", "a"), index("by-c-d", "c", "d")]}
        if n % 3:
            body["LocalSecondaryIndexes"] = [index("by-b", "p", "b")]
        body["AttributeDefinitions"] = [{"AttributeName": k, "AttributeType": t} for k, t in kinds.items()]
        return body

    @staticmethod
    def keys_of(body):
        return [k["AttributeName"] for k in body["KeySchema"]]

    def _key_value(self, table, name):
        kind = {d["AttributeName"]: d["AttributeType"] for d in table["AttributeDefinitions"]}[name]
        return {kind: self.rng.choice({"S": ["a", "b", "ab", "c"], "N": ["1", "2", "-1", "1.5", "10"], "B": ["YQ==", "Yg==", "/w=="]}[kind])}

    def key(self, table):
        return {k: self._key_value(table, k) for k in self.keys_of(table)}

    def item(self, table):
        defined, e = [d["AttributeName"] for d in table["AttributeDefinitions"]], Expressions(self.rng)
        some = self.rng.sample(NAMES, self.rng.choice([0, 2, 4, 6]))
        return {**{n: self._key_value(table, n) if n in defined else e.value() for n in some}, **self.key(table)}

    def next(self):
        return self.rng.choice([self._put, self._update, self._update, self._update, self._delete, self._get, self._query, self._query, self._scan, self._batch, self._transaction])()

    def _older(self, e):
        made = {}
        for name in self.rng.sample(NAMES, self.rng.choice([1, 1, 2])):
            operator = self.rng.choice(list(OLDER))
            made[name] = {"ComparisonOperator": operator, "AttributeValueList": [e.scalar("N") if self.chance(0.5) or "CONTAINS" in operator else e.value() for _ in range(OLDER[operator])]}
        return made

    def _written(self, operation, body, returned, update=False):
        e = Expressions(self.rng)
        texts = {"UpdateExpression": e.update()} if update else {}
        if self.chance(0.45):
            texts["ConditionExpression"] = e.condition()
        elif not update and self.chance(0.3):
            body["Expected"] = self._older(e)
        if "[" in texts.get("UpdateExpression", ""):
            returned = ["ALL_OLD", "ALL_NEW"]  # of a list DynamoDB Local tells what was not updated, too
        if self.chance(0.6):
            body["ReturnValues"] = self.rng.choice(returned)
        if self.chance(0.3):
            body["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        return operation, e.into(body, **texts)

    def _put(self):
        table = self.rng.choice(self.tables)
        return self._written("PutItem", {"TableName": table["TableName"], "Item": self.item(table)}, ["ALL_OLD", "NONE"])

    def _delete(self):
        table = self.rng.choice(self.tables)
        return self._written("DeleteItem", {"TableName": table["TableName"], "Key": self.key(table)}, ["ALL_OLD", "NONE"])

    def _update(self):
        table = self.rng.choice(self.tables)
        return self._written("UpdateItem", {"TableName": table["TableName"], "Key": self.key(table)}, ["ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW"], True)

    def _get(self):
        table, e = self.rng.choice(self.tables), Expressions(self.rng)
        body = {"TableName": table["TableName"], "Key": self.key(table)}
        return "GetItem", e.into(body, ProjectionExpression=e.projection(self.keys_of(table))) if self.chance(0.5) else body

    def _read(self, table, e):
        """What Query and Scan have in common; the keys of what is read."""
        body, keys = {"TableName": table["TableName"]}, self.keys_of(table)
        indexes = [*table["GlobalSecondaryIndexes"], *table.get("LocalSecondaryIndexes", [])]
        if self.chance(0.5):
            index = self.rng.choice(indexes)
            body["IndexName"], keys = index["IndexName"], self.keys_of(index)
        if self.chance(0.5):
            body["Limit"] = self.rng.choice([1, 2, 3, 100])
        if self.chance(0.2):
            body["Select"] = "COUNT"
        elif self.chance(0.4) and "IndexName" not in body:
            body["ProjectionExpression"] = e.projection(self.keys_of(table))
        if self.chance(0.4) and "IndexName" not in body:
            body["FilterExpression"] = e.condition(1)
        return body, keys

    def _scan(self):
        e = Expressions(self.rng)
        body, _ = self._read(self.rng.choice(self.tables), e)
        return "Scan", e.into(body)

    def _query(self):
        table, e = self.rng.choice(self.tables), Expressions(self.rng)
        body, keys = self._read(table, e)
        if self.chance(0.4):
            body["ScanIndexForward"] = False
        asked = f"{e.name(keys[0])} = {e.of(self._key_value(table, keys[0]))}"
        if len(keys) > 1 and self.chance(0.6):
            name, one = e.name(keys[1]), [e.of(self._key_value(table, keys[1])) for _ in range(2)]
            between = self.chance(0.3)
            asked += f" AND {name} BETWEEN {one[0]} AND {one[1]}" if between else f" AND {name} {self.rng.choice(['=', '<', '<=', '>', '>='])} {one[0]}"
            if not between:
                del e.values[one[1]]
        return "Query", e.into(body, KeyConditionExpression=asked)

    def _batch(self):
        writes = {}
        for table in self.rng.sample(self.tables, 2):
            entries = {str(self.key(table)): None for _ in range(3)}
            for _ in range(3):
                item = self.item(table)
                key = {k: item[k] for k in self.keys_of(table)}
                entries[str(key)] = {"PutRequest": {"Item": item}} if self.chance(0.7) else {"DeleteRequest": {"Key": key}}
            writes[table["TableName"]] = [entry for entry in entries.values() if entry]
        return "BatchWriteItem", {"RequestItems": writes}

    def _transaction(self):
        steps = {}
        for _ in range(self.rng.choice([1, 2, 3, 4])):
            table, e, kind = self.rng.choice(self.tables), Expressions(self.rng), self.rng.choice(["Put", "Update", "Delete", "ConditionCheck"])
            body = {"TableName": table["TableName"], **({"Item": self.item(table)} if kind == "Put" else {"Key": self.key(table)})}
            texts = {"UpdateExpression": e.update()} if kind == "Update" else {}
            if kind == "ConditionCheck" or self.chance(0.3):
                texts["ConditionExpression"] = e.condition(2)
            key = {k: (body.get("Item") or body["Key"])[k] for k in self.keys_of(table)}
            steps[table["TableName"], str(key)] = {kind: e.into(body, **texts)}
        return "TransactWriteItems", {"TransactItems": list(steps.values())}
