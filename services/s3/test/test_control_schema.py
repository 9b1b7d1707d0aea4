"""S3 Control holds a body against its description before anything else. Generated from that: every member that must be
there and every value that is one of a few, wherever in a request they stand."""
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.session import get_session

from every_operation import operations, value_for

ACCOUNT = "135791357913"
NAMED = {"AccountId": ACCOUNT, "Bucket": "schema-of-control"}
MODEL = get_session().get_service_model("s3control")


def is_union(shape):
    return getattr(shape, "is_tagged_union", False)


def valid(name, shape):
    if shape.type_name != "structure":
        return value_for(name, shape, NAMED)
    members = list(shape.members)[:1] if is_union(shape) else shape.required_members
    return {m: valid(m, shape.members[m]) for m in members}


def faults(shape, path=()):
    """(path, what is wrong there) of all that a body can lack or say wrongly."""
    for name, member in shape.members.items():
        if not path and "location" in member.serialization:
            continue  # in a header, the query or the path
        here = (*path, name)
        if name in shape.required_members and not member.metadata.get("idempotencyToken"):  # the client fills that in
            yield here, "missing"
        while member.type_name == "list":
            here, member = (*here, 0), member.member
        if getattr(member, "enum", None):
            yield here, "unknown"
        if member.type_name == "structure":
            if is_union(member):
                yield here, "empty"
            yield from faults(member, here)


def request_with(shape, path):
    """A valid request in which there is what `path` names, and what holds it there."""
    request = place = valid("", shape)
    for depth, step in enumerate(path):
        if is_union(shape):
            place.clear()
        shape = shape.member if step == 0 else shape.members[step]
        made = [None] if shape.type_name == "list" and path[depth + 1:depth + 2] == (0,) else valid(step, shape)
        place[step] = made
        if depth + 1 < len(path):
            place = made
    return request, place


CASES = [(operation, path, wrong) for operation in operations("s3control")
         for path, wrong in faults(MODEL.operation_model(operation).input_shape)]


def answer(client, operation, request):
    try:
        getattr(client, xform_name(operation))(**request)
        return "", 200
    except ClientError as e:
        return e.response["Error"]["Code"], e.response["ResponseMetadata"]["HTTPStatusCode"]


@pytest.fixture(scope="module")
def unchecked(brume):
    brume.client("s3", account=ACCOUNT).create_bucket(Bucket=NAMED["Bucket"])
    client = brume.client("s3control", account=ACCOUNT, config={"parameter_validation": False, "inject_host_prefix": False})
    client.create_access_grants_instance(AccountId=ACCOUNT)
    return client


def all_there_is(client):
    """What lists show, and what an account blocks."""
    lists = ("list_jobs", "list_access_points", "list_access_grants", "list_access_grants_locations", "list_access_grants_instances")
    shown = [getattr(client, name)(AccountId=ACCOUNT) for name in lists]
    return [{k: v for k, v in one.items() if k != "ResponseMetadata"} for one in shown], answer(client, "GetPublicAccessBlock", {"AccountId": ACCOUNT})


@pytest.mark.parametrize("operation", sorted({operation for operation, *_ in CASES}))
def test_a_body_that_breaks_the_schema(unchecked, operation):
    shape = MODEL.operation_model(operation).input_shape
    before, found = all_there_is(unchecked), []
    for _, path, wrong in [case for case in CASES if case[0] == operation]:
        request, place = request_with(shape, path)
        if wrong == "missing":
            del place[path[-1]]
        else:
            place[path[-1]] = "unheard-of" if wrong == "unknown" else {}
        got = answer(unchecked, operation, request)
        found += [] if got == ("MalformedXML", 400) else [(path, wrong, got)]
    assert found == []
    assert all_there_is(unchecked) == before


@pytest.mark.parametrize("operation", sorted({operation for operation, *_ in CASES}))
def test_a_body_that_keeps_to_it(unchecked, operation):
    """Whatever else is refused of them: the schema is not what these requests break."""
    shape = MODEL.operation_model(operation).input_shape
    paths = [path for name, path, _ in CASES if name == operation]
    assert [path for path in paths if answer(unchecked, operation, request_with(shape, path)[0])[0] == "MalformedXML"] == []


def test_nobody_looks_behind_twenty_violations(unchecked):
    """So such a body is refused too: what it lacks is not known."""
    shape = MODEL.operation_model("CreateJob").input_shape
    tags = [{"Key": "k" * 2000, "Value": "v"}] * 30
    request = {**valid("", shape), "Operation": {"S3PutObjectTagging": {"TagSet": tags}, "S3PutObjectLegalHold": {}}}
    assert answer(unchecked, "CreateJob", request) == ("MalformedXML", 400)


def test_the_account_is_not_of_the_body(unchecked):
    request = {"AccountId": "246824682468", "PublicAccessBlockConfiguration": {"BlockPublicAcls": True}}
    assert answer(unchecked, "PutPublicAccessBlock", request) == ("AccessDenied", 403)
