"""The EventBridge schema registry: registries, schemas and their versions, discovery on buses."""
import json
import uuid

import pytest
from kit import name, refused, until

ACCOUNT = "000000000000"
OPENAPI = {"openapi": "3.0.0", "info": {"version": "1.0.0", "title": "Order"}, "paths": {},
           "components": {"schemas": {"Order": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}}}}


@pytest.fixture
def schemas(brume):
    return brume.client("schemas", account=f"{uuid.uuid4().int % 10**12:012}")


@pytest.fixture
def own(brume):
    """An account of its own: (schemas, events, sqs, the account)."""
    account = f"{uuid.uuid4().int % 10**12:012}"
    return [brume.client(service, account=account) for service in ("schemas", "events", "sqs")] + [account]


@pytest.fixture
def registry(schemas):
    registry = name()
    schemas.create_registry(RegistryName=registry)
    return registry


# ---- registries ----

def test_registries(schemas):
    made = schemas.create_registry(RegistryName="orders", Description="of the shop", Tags={"team": "shop"})
    assert made["RegistryArn"].endswith(":registry/orders") and made["Tags"] == {"team": "shop"}
    refused("ConflictException", schemas.create_registry, RegistryName="orders")
    assert refused("ForbiddenException", schemas.create_registry, RegistryName="aws.mine") == (
        "You do not have the permission to create/modify an AWS managed registry with name prefixed with 'aws.'.")
    refused("BadRequestException", schemas.create_registry, RegistryName="a b")
    assert schemas.update_registry(RegistryName="orders", Description="new")["Description"] == "new"
    assert schemas.describe_registry(RegistryName="orders")["Description"] == "new"
    assert schemas.describe_registry(RegistryName="aws.events")["RegistryArn"] == "arn:aws:schemas:us-east-1::registry/aws.events"
    schemas.create_registry(RegistryName="bills")
    listed = lambda **more: [r["RegistryName"] for r in schemas.list_registries(**more)["Registries"]]
    assert listed() == ["aws.events", "bills", "orders"] and listed(Scope="LOCAL") == ["bills", "orders"]
    assert listed(Scope="AWS") == ["aws.events"] and listed(RegistryNamePrefix="or") == ["orders"]
    pages = schemas.get_paginator("list_registries").paginate(PaginationConfig={"PageSize": 1})
    assert [r["RegistryName"] for page in pages for r in page["Registries"]] == ["aws.events", "bills", "orders"]
    schemas.create_schema(RegistryName="orders", SchemaName="o", Type="OpenApi3", Content=json.dumps(OPENAPI))
    refused("BadRequestException", schemas.delete_registry, RegistryName="orders")
    schemas.delete_registry(RegistryName="bills")
    assert "bills" in refused("NotFoundException", schemas.describe_registry, RegistryName="bills")


def test_tags(schemas, registry):
    arn = schemas.describe_registry(RegistryName=registry)["RegistryArn"]
    schemas.tag_resource(ResourceArn=arn, Tags={"a": "1", "b": "2"})
    schemas.untag_resource(ResourceArn=arn, TagKeys=["a"])
    assert schemas.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"b": "2"}
    refused("NotFoundException", schemas.list_tags_for_resource, ResourceArn=arn + "x")


def test_policies_of_a_registry(schemas, registry):
    refused("NotFoundException", schemas.get_resource_policy, RegistryName=registry)
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "schemas:DescribeSchema", "Resource": "*"}]}
    put = schemas.put_resource_policy(RegistryName=registry, Policy=json.dumps(policy))
    assert json.loads(schemas.get_resource_policy(RegistryName=registry)["Policy"]) == policy
    refused("PreconditionFailedException", schemas.put_resource_policy, RegistryName=registry, Policy=json.dumps(policy), RevisionId="other")
    schemas.put_resource_policy(RegistryName=registry, Policy=json.dumps(policy), RevisionId=put["RevisionId"])
    del policy["Version"]
    assert refused("BadRequestException", schemas.put_resource_policy, RegistryName=registry, Policy=json.dumps(policy)) == (
        "Provided registry policy is invalid: Missing required field Version.")
    schemas.delete_resource_policy(RegistryName=registry)
    refused("NotFoundException", schemas.delete_resource_policy, RegistryName=registry)


# ---- schemas ----

def test_a_schema_and_its_versions(schemas, registry):
    made = schemas.create_schema(RegistryName=registry, SchemaName="shop@Order", Type="OpenApi3", Content=json.dumps(OPENAPI), Description="an order", Tags={"a": "b"})
    assert made["SchemaVersion"] == "1" and made["SchemaArn"].endswith(f":schema/{registry}/shop@Order") and made["Type"] == "OpenApi3"
    same = schemas.update_schema(RegistryName=registry, SchemaName="shop@Order", Content=json.dumps(OPENAPI))
    assert same["SchemaVersion"] == "1"
    draft = json.dumps({"$schema": "http://json-schema.org/draft-04/schema#", "type": "object"})
    assert schemas.update_schema(RegistryName=registry, SchemaName="shop@Order", Content=draft, Type="JSONSchemaDraft4", Description="newer")["SchemaVersion"] == "2"
    newest, first = (schemas.describe_schema(RegistryName=registry, SchemaName="shop@Order", **more) for more in ({}, {"SchemaVersion": "1"}))
    assert (newest["Content"], newest["Type"], newest["Description"], newest["Tags"]) == (draft, "JSONSchemaDraft4", "newer", {"a": "b"})
    assert json.loads(first["Content"]) == OPENAPI and first["Type"] == "OpenApi3"
    versions = schemas.list_schema_versions(RegistryName=registry, SchemaName="shop@Order")["SchemaVersions"]
    assert [(v["SchemaVersion"], v["Type"]) for v in versions] == [("1", "OpenApi3"), ("2", "JSONSchemaDraft4")]
    assert [(s["SchemaName"], s["VersionCount"]) for s in schemas.list_schemas(RegistryName=registry)["Schemas"]] == [("shop@Order", 2)]
    schemas.delete_schema_version(RegistryName=registry, SchemaName="shop@Order", SchemaVersion="2")
    assert schemas.describe_schema(RegistryName=registry, SchemaName="shop@Order")["SchemaVersion"] == "1"
    refused("BadRequestException", schemas.delete_schema_version, RegistryName=registry, SchemaName="shop@Order", SchemaVersion="1")
    assert schemas.update_schema(RegistryName=registry, SchemaName="shop@Order", Content="{}", Type="JSONSchemaDraft4")["SchemaVersion"] == "3"
    refused("NotFoundException", schemas.describe_schema, RegistryName=registry, SchemaName="shop@Order", SchemaVersion="2")
    schemas.delete_schema(RegistryName=registry, SchemaName="shop@Order")
    refused("NotFoundException", schemas.describe_schema, RegistryName=registry, SchemaName="shop@Order")
    assert schemas.create_schema(RegistryName=registry, SchemaName="shop@Order", Type="OpenApi3", Content=json.dumps(OPENAPI))["SchemaVersion"] == "1"


def test_what_is_no_schema(schemas, registry):
    def put(content, kind="OpenApi3"):
        return refused("BadRequestException", schemas.create_schema, RegistryName=registry, SchemaName="s", Type=kind, Content=content)
    assert put("not json") == "Content is not valid JSON"
    assert put(json.dumps({**OPENAPI, "openapi": "2.0"})) == r"'openapi' does not match pattern '^3\.0\.\d(-.+)?$'"
    assert put(json.dumps({**OPENAPI, "$schema": "x"})) == "additionalProperties '$schema' not allowed"
    assert "value must be one of" in put('{"type": "text"}', "JSONSchemaDraft4")
    refused("NotFoundException", schemas.create_schema, RegistryName="nowhere", SchemaName="s", Type="OpenApi3", Content=json.dumps(OPENAPI))
    refused("ForbiddenException", schemas.create_schema, RegistryName="aws.events", SchemaName="s", Type="OpenApi3", Content=json.dumps(OPENAPI))
    schemas.create_schema(RegistryName=registry, SchemaName="s", Type="OpenApi3", Content=json.dumps(OPENAPI))
    assert refused("ForbiddenException", schemas.export_schema, RegistryName=registry, SchemaName="s", Type="JSONSchemaDraft4") == (
        "You cannot export non discovered or non aws managed schemas.")


def test_search(schemas, registry):
    schemas.create_schema(RegistryName=registry, SchemaName="Order", Type="OpenApi3", Content=json.dumps(OPENAPI))
    schemas.create_schema(RegistryName=registry, SchemaName="Bill", Type="JSONSchemaDraft4", Content='{"properties": {"amount": {"type": "number"}}}')
    found = schemas.search_schemas(RegistryName=registry, Keywords="AMOUNT number")["Schemas"]
    assert [(s["SchemaName"], [v["SchemaVersion"] for v in s["SchemaVersions"]]) for s in found] == [("Bill", ["1"])]
    assert schemas.search_schemas(RegistryName=registry, Keywords="order amount")["Schemas"] == []


def test_a_schema_of_events_at_hand(schemas):
    events = [json.dumps({"source": "shop", "detail-type": "Order Made", "detail": detail}) for detail in ({"id": "1", "n": 2}, {"id": "2", "gift": True})]
    found = json.loads(schemas.get_discovered_schema(Type="OpenApi3", Events=events)["Content"])
    assert found["components"]["schemas"]["AWSEvent"]["x-amazon-events-detail-type"] == "Order Made"
    assert found["components"]["schemas"]["OrderMade"] == {"type": "object", "required": ["id"], "properties": {
        "gift": {"type": "boolean"}, "id": {"type": "string"}, "n": {"type": "integer", "format": "int64"}}}
    refused("BadRequestException", schemas.get_discovered_schema, Type="OpenApi3", Events=["{"])


# ---- discovery ----

def put(events, detail, bus="default", source="shop", kind="Order Made"):
    assert events.put_events(Entries=[{"Source": source, "DetailType": kind, "Detail": json.dumps(detail), "EventBusName": bus}])["FailedEntryCount"] == 0


@pytest.mark.as_root  # a discoverer needs rights on the bus, too
def test_events_of_a_bus_become_schemas(own):
    schemas, events, sqs, account = own
    events.create_event_bus(Name="shop")
    bus = f"arn:aws:events:us-east-1:{account}:event-bus/shop"
    made = schemas.create_discoverer(SourceArn=bus, Description="d")
    assert made["State"] == "STARTED" and made["DiscovererId"] == "events-event-bus-shop"
    assert made["DiscovererArn"] == f"arn:aws:schemas:us-east-1:{account}:discoverer/events-event-bus-shop"
    refused("ConflictException", schemas.create_discoverer, SourceArn=bus)

    # its rule is the service's own
    rule = events.list_rules(EventBusName="shop")["Rules"][0]
    assert rule["ManagedBy"] == "schemas.amazonaws.com" and rule["Name"].startswith("Schemas-")
    refused("ManagedRuleException", events.disable_rule, Name=rule["Name"], EventBusName="shop")
    refused("ManagedRuleException", events.remove_targets, Rule=rule["Name"], EventBusName="shop", Ids=["x"])

    describe = lambda version: schemas.describe_schema(RegistryName="discovered-schemas", SchemaName="shop@OrderMade", SchemaVersion=version)
    count = lambda: sum(s["VersionCount"] for s in schemas.list_schemas(RegistryName="discovered-schemas")["Schemas"])
    put(events, {"id": "1", "lines": [{"sku": "a", "n": 1}]}, "shop")
    until(lambda: count() == 1)
    first = describe("1")
    assert first["Type"] == "OpenApi3"
    components = json.loads(first["Content"])["components"]["schemas"]
    assert components["OrderMade"]["required"] == ["id", "lines"]
    assert components["OrderMade"]["properties"]["lines"] == {"type": "array", "items": {"$ref": "#/components/schemas/OrderMadeItem"}}
    put(events, {"id": "2", "lines": [{"sku": "b", "n": 7}]}, "shop")  # of the same form
    put(events, {"id": "3", "lines": [], "gift": True}, "shop")
    until(lambda: count() == 2)
    components = json.loads(describe("2")["Content"])["components"]["schemas"]
    assert components["OrderMade"]["required"] == ["id", "lines"] and components["OrderMade"]["properties"]["gift"] == {"type": "boolean"}
    assert "OrderMadeItem" in components
    draft = schemas.export_schema(RegistryName="discovered-schemas", SchemaName="shop@OrderMade", Type="JSONSchemaDraft4")
    assert json.loads(draft["Content"])["definitions"]["OrderMadeItem"]["required"] == ["n", "sku"]

    assert schemas.stop_discoverer(DiscovererId="events-event-bus-shop")["State"] == "STOPPED"
    put(events, {"other": 1}, "shop")
    assert schemas.start_discoverer(DiscovererId="events-event-bus-shop")["State"] == "STARTED"
    put(events, {"id": "4", "last": 1}, "shop")
    until(lambda: count() == 3)
    assert "other" not in describe("3")["Content"] and "last" in describe("3")["Content"]
    schemas.delete_discoverer(DiscovererId="events-event-bus-shop")
    assert events.list_rules(EventBusName="shop")["Rules"] == [] and schemas.list_discoverers()["Discoverers"] == []


@pytest.mark.as_root  # a discoverer needs rights on the bus, too
def test_what_discoverers_cannot_be(own):
    schemas, events, sqs, account = own
    assert refused("BadRequestException", schemas.create_discoverer, SourceArn=f"arn:aws:sqs:us-east-1:{account}:queue") == "Source ARN must be a valid event bus ARN"
    assert refused("BadRequestException", schemas.create_discoverer, SourceArn=f"arn:aws:events:us-west-2:{account}:event-bus/default") == (
        "Cross region Event Bus sourcing is not supported.")
    refused("BadRequestException", schemas.create_discoverer, SourceArn=f"arn:aws:events:us-east-1:{account}:event-bus/none")
    refused("NotFoundException", schemas.describe_discoverer, DiscovererId="none")


def test_new_schemas_and_versions_are_events(own):
    schemas, events, sqs, account = own
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:{account}:q"
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn}]})})
    events.put_rule(Name="r", EventPattern=json.dumps({"source": ["aws.schemas"], "detail-type": [{"prefix": "Schema "}]}))
    events.put_targets(Rule="r", Targets=[{"Id": "q", "Arn": arn}])
    schemas.create_registry(RegistryName="reg")
    schemas.create_schema(RegistryName="reg", SchemaName="s", Type="OpenApi3", Content=json.dumps(OPENAPI))
    schemas.update_schema(RegistryName="reg", SchemaName="s", Type="JSONSchemaDraft4", Content="{}")
    got = []
    until(lambda: got.extend(json.loads(m["Body"]) for m in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", [])) or len(got) == 2)
    assert {e["detail-type"]: e["detail"]["Version"] for e in got} == {"Schema Created": "1", "Schema Version Created": "2"}
    created = next(e for e in got if e["detail-type"] == "Schema Created")
    assert created["resources"] == [f"arn:aws:schemas:us-east-1:{account}:schema/reg/s"]
    assert created["detail"]["RegistryName"] == "reg" and created["detail"]["SchemaType"] == "OpenApi3" and created["detail"]["CreationDate"].endswith("Z")


def test_a_registrys_policy_decides(brume):
    account = f"{uuid.uuid4().int % 10**12:012}"
    schemas, iam = brume.client("schemas", account=account), brume.client("iam", account=account)
    schemas.create_registry(RegistryName="reg")
    schemas.create_schema(RegistryName="reg", SchemaName="s", Type="OpenApi3", Content=json.dumps(OPENAPI))
    user = iam.create_user(UserName="reader")["User"]["Arn"]
    key = iam.create_access_key(UserName="reader")["AccessKey"]
    reader = brume.client("schemas", account=key["AccessKeyId"], secret=key["SecretAccessKey"])
    refused("AccessDeniedException", reader.describe_schema, RegistryName="reg", SchemaName="s")
    schemas.put_resource_policy(RegistryName="reg", Policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": user}, "Action": "schemas:DescribeSchema", "Resource": f"arn:aws:schemas:us-east-1:{account}:schema/reg/*"}]}))
    assert reader.describe_schema(RegistryName="reg", SchemaName="s")["SchemaVersion"] == "1"
    refused("AccessDeniedException", reader.delete_schema, RegistryName="reg", SchemaName="s")
