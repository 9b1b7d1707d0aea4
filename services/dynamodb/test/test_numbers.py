"""Numbers against Python's decimal, which is exact: what is stored, added, ordered, refused."""
import random
from decimal import Context, Decimal

import pytest
from botocore.exceptions import ClientError

EXACT = Context(prec=600, Emax=10**6, Emin=-10**6)


def fits(number):
    """As DynamoDB may store it."""
    if number == 0:
        return True
    digits = str(int("".join(map(str, number.as_tuple().digits)))).rstrip("0")
    return len(digits) <= 38 and -130 <= number.adjusted() <= 125


def shown(number):
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text.lstrip("-0.") == "" else text


def some_number(chance):
    digits = chance.choice([1, 2, 3, 5, 18, 19, 20, 37, 38])
    exponent = chance.choice([0, 0, 0, -1, 3, 10, -20, 40, 88, -130, 87, -168])
    number = Decimal((chance.getrandbits(1), tuple(chance.choice([0, 9, chance.randrange(10)]) for _ in range(digits)), exponent))
    return number if fits(number) else Decimal(chance.randrange(-1000, 1000))


def spelt(chance, number):
    return chance.choice([str(number), format(number, "f"), format(number, "e"), "+" + str(number.copy_abs()) if number >= 0 else str(number)])


@pytest.fixture(scope="module")
def name(dynamodb, table):
    return table("p:S n:N", ("p", "n"))


def test_sums_and_differences(dynamodb, name):
    chance = random.Random(38)
    refused = 0
    for i in range(400):
        x, y, minus = some_number(chance), some_number(chance), chance.random() < 0.5
        exact = EXACT.subtract(x, y) if minus else EXACT.add(x, y)
        request = dict(TableName=name, Key={"p": {"S": "sums"}, "n": {"N": "0"}}, ReturnValues="ALL_NEW",
                       UpdateExpression=f"SET x = :x, y = :y, z = :x {'-' if minus else '+'} :y",
                       ExpressionAttributeValues={":x": {"N": spelt(chance, x)}, ":y": {"N": spelt(chance, y)}})
        if fits(exact):
            new = dynamodb.update_item(**request)["Attributes"]
            assert [new[a]["N"] for a in "xyz"] == [shown(x), shown(y), shown(exact)], (x, y, minus)
        else:
            refused += 1
            with pytest.raises(ClientError, match="Number overflow|Number underflow"):
                dynamodb.update_item(**request)
    assert 20 < refused < 380


def test_order_of_sort_keys(dynamodb, name):
    chance = random.Random(130)
    numbers = {n: None for n in (some_number(chance) for _ in range(300)) if n.adjusted() < 126}
    chosen = sorted(set(map(shown, numbers)), key=Decimal)
    for start in range(0, len(chosen), 25):
        puts = [{"PutRequest": {"Item": {"p": {"S": "order"}, "n": {"N": n}}}} for n in chance.sample(chosen[start:start + 25], len(chosen[start:start + 25]))]
        assert not dynamodb.batch_write_item(RequestItems={name: puts})["UnprocessedItems"]
    request = dict(TableName=name, KeyConditionExpression="p = :p", ExpressionAttributeValues={":p": {"S": "order"}})
    assert [item["n"]["N"] for item in dynamodb.query(**request)["Items"]] == chosen
    low, high = chosen[len(chosen) // 4], chosen[len(chosen) // 2]
    request["KeyConditionExpression"] += " AND n BETWEEN :low AND :high"
    request["ExpressionAttributeValues"].update({":low": {"N": low}, ":high": {"N": high}})
    assert [item["n"]["N"] for item in dynamodb.query(**request)["Items"]] == chosen[len(chosen) // 4:len(chosen) // 2 + 1]
