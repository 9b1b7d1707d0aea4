"""Resource policies of tables: kept with a revision, and asked when another account comes."""
import json

from services.dynamodb.test.ddb_tables import index, refusal


INVALID = "One or more parameter values were invalid: "


def policy_of(arn, **more):
    return {"Version": "2012-10-17", "Statement": [{"Sid": "one", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::444455556666:root"},
                                                    "Action": "dynamodb:GetItem", "Resource": arn, **more}]}


def arn_of(dynamodb, name):
    return dynamodb.describe_table(TableName=name)["Table"]["TableArn"]


def test_a_policy_has_a_revision(dynamodb, table):
    name = table()
    arn = arn_of(dynamodb, name)
    absent = "PolicyNotFoundException", f"Resource-based policy not found for the provided ResourceArn: {arn}"
    asked = "Resource-based policy not found for the provided ResourceArn: Requested update for policy with revision id 123, but "
    assert refusal(dynamodb.get_resource_policy, ResourceArn=arn) == absent
    assert "RevisionId" not in dynamodb.delete_resource_policy(ResourceArn=arn)
    policy = json.dumps(policy_of(arn))
    for call, more in ((dynamodb.put_resource_policy, {"Policy": policy}), (dynamodb.delete_resource_policy, {})):
        code, text = refusal(call, ResourceArn=arn, ExpectedRevisionId="123", **more)
        assert code == "PolicyNotFoundException" and text.startswith(f"{asked}table {name} has no associated")
    revision = dynamodb.put_resource_policy(ResourceArn=arn, Policy=policy, ExpectedRevisionId="NO_POLICY")["RevisionId"]
    assert len(revision) == 13 and revision.isdigit()
    assert json.loads(dynamodb.get_resource_policy(ResourceArn=arn)["Policy"]) == json.loads(policy)
    for call, more in ((dynamodb.put_resource_policy, {"Policy": policy}), (dynamodb.delete_resource_policy, {})):
        code, text = refusal(call, ResourceArn=arn, ExpectedRevisionId="123", **more)
        assert code == "PolicyNotFoundException" and text.startswith(f"{asked}the policy associated to target table {name}")
    assert dynamodb.delete_resource_policy(ResourceArn=arn, ExpectedRevisionId=revision)["RevisionId"] == revision
    assert refusal(dynamodb.get_resource_policy, ResourceArn=arn) == absent


def test_texts_that_say_the_same_are_one_policy(dynamodb, table):
    """White space, the order of members, a list of one and an account by its number make no other policy of it."""
    arn = arn_of(dynamodb, table())
    [statement] = policy_of(arn)["Statement"]
    kept = json.dumps(policy_of(arn), separators=(",", ":"))
    put = lambda policy, **how: dynamodb.put_resource_policy(ResourceArn=arn, Policy=json.dumps(policy, **how))["RevisionId"]  # noqa: E731
    revision = put(policy_of(arn, Action=["dynamodb:GetItem"]), indent=4)
    assert dynamodb.get_resource_policy(ResourceArn=arn)["Policy"] == kept
    same = [policy_of(arn), policy_of(arn, Principal={"AWS": ["444455556666"]}), {"Statement": statement, "Version": "2012-10-17"},
            {"Version": "2012-10-17", "Statement": [dict(reversed(statement.items()))]}]
    assert {put(policy) for policy in same} == {revision}
    other = put(policy_of(arn, Action=["dynamodb:GetItem", "dynamodb:Query"]))
    assert int(other) > int(revision) and put(policy_of(arn)) not in (revision, other)


def test_what_is_no_policy(dynamodb, table):
    arn = arn_of(dynamodb, table())

    def refused(policy):
        return refusal(dynamodb.put_resource_policy, ResourceArn=arn, Policy=policy if isinstance(policy, str) else json.dumps(policy))

    def invalid(text):
        return "ValidationException", INVALID + "Invalid policy document: " + text
    [statement] = policy_of(arn)["Statement"]
    assert refused("{not json") == invalid("This policy contains invalid Json")
    for many in ("[" + ",".join(["{}"] * 4000) + "]", ",".join(['{},"Statement":{}'] * 900)):
        assert refused('{"Statement":' + many + "}")[0] == "ValidationException"
    assert refused({"Version": "2012-10-17", "Statement": []}) == invalid("Could not parse the policy: Statement is empty!")
    assert refused({"Version": "2012-10-17", "Statement": [{k: v for k, v in statement.items() if k != "Resource"}]}) == invalid("Missing required field Resource")
    assert refused({"Version": "2012-10-17", "Statement": [statement, statement]}) == invalid("The Statement Ids in the policy are not unique")
    assert refused(policy_of(arn, Action=["dynamodb:GetRecords", "dynamodb:GetItem"])) == invalid('The following action names are invalid: "dynamodb:GetRecords"')
    assert refused(json.dumps(policy_of(arn)) + " " * 20480) == ("ValidationException", INVALID + "Maximum policy size of 20480 bytes exceeded")
    for everybody in ("*", {"AWS": "*"}):
        assert refused(policy_of(arn, Principal=everybody)) == (
            "ValidationException", "Resource-based policy grants unbounded access in one or more elements. Please revise the policy to ensure least-privilege "
            "form of access")
    assert refusal(dynamodb.get_resource_policy, ResourceArn=arn)[0] == "PolicyNotFoundException"


def test_what_has_no_policy(dynamodb, table):
    name = table("p:S g:S", ("p",), GlobalSecondaryIndexes=[index("by-g", "g")])
    arn = arn_of(dynamodb, name)

    def refused(resource):
        put = refusal(dynamodb.put_resource_policy, ResourceArn=resource, Policy=json.dumps(policy_of(arn)))
        assert refusal(dynamodb.get_resource_policy, ResourceArn=resource) == refusal(dynamodb.delete_resource_policy, ResourceArn=resource) == put
        return put
    assert refused(name) == ("ValidationException", f"{INVALID}ARNs must start with 'arn:': {name}")
    assert refused(arn.replace("us-east-1", "us-west-2")) == ("ValidationException", INVALID + "Invalid resource Arn: " + arn.replace("us-east-1", "us-west-2"))
    assert refused(arn + "/index/by-g")[1].startswith(INVALID + "Invalid resource arn provided, only table or stream is accepted. Provided resource arn: arn:")
    assert refused(arn + "/backup/01") == ("ValidationException", f"{INVALID}Provided Arn is not a DynamoDB resource arn: {arn}/backup/01")
    assert refused(arn + "/") == ("ValidationException", f"{INVALID}Provided Arn is not a DynamoDB resource arn: {arn}/")
    assert refused(arn + "x") == ("ResourceNotFoundException", f"Requested resource not found: Table: {name}x not found")
    assert refused(arn + "/stream/2000-01-01T00:00:00.000") == (
        "ResourceNotFoundException", f"Requested resource not found: Stream: 2000-01-01T00:00:00.000 not found for Table: {name}")


def test_a_table_is_made_with_its_policy(brume, dynamodb, table):
    name = "with-policy"
    text = json.dumps(policy_of("*"), separators=(",", ":"))
    arn = arn_of(dynamodb, table(name=name, ResourcePolicy=text))
    assert dynamodb.get_resource_policy(ResourceArn=arn)["Policy"] == text
    dynamodb.put_item(TableName=name, Item={"p": {"S": "x"}})
    assert brume.client("dynamodb", account="444455556666").get_item(TableName=arn, Key={"p": {"S": "x"}})["Item"] == {"p": {"S": "x"}}
    refused = refusal(dynamodb.create_table, TableName="without", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "p", "KeyType": "HASH"}],
                      AttributeDefinitions=[{"AttributeName": "p", "AttributeType": "S"}], ResourcePolicy="{")
    assert refused == ("ValidationException", INVALID + "Invalid policy document: This policy contains invalid Json")
    assert refusal(dynamodb.describe_table, TableName="without")[0] == "ResourceNotFoundException"


def test_nobody_shuts_himself_out_unasked(dynamodb, table):
    """The right to put another policy stays with who puts one, but where he says that it need not; the right to delete it may go."""
    name = table()
    arn = arn_of(dynamodb, name)

    def denying(*actions):
        return {"ResourceArn": arn, "Policy": json.dumps(policy_of(arn, Effect="Deny", Principal="*", Action=[f"dynamodb:{a}ResourcePolicy" for a in actions]))}
    dynamodb.put_resource_policy(ResourceArn=arn, Policy=json.dumps(policy_of(arn)))
    before = dynamodb.get_resource_policy(ResourceArn=arn)
    for actions in (("Put",), ("Put", "Delete")):
        for more in ({}, {"ConfirmRemoveSelfResourceAccess": False}):
            assert refusal(dynamodb.put_resource_policy, **denying(*actions), **more) == (
                "AccessDeniedException", "The new resource policy will not allow you to update the resource policy in the future.")
    after = dynamodb.get_resource_policy(ResourceArn=arn)
    assert (after["Policy"], after["RevisionId"]) == (before["Policy"], before["RevisionId"])
    dynamodb.put_resource_policy(**denying("Delete"))
    assert refusal(dynamodb.delete_resource_policy, ResourceArn=arn)[0] == "AccessDeniedException"
    dynamodb.put_resource_policy(**denying("Put"), ConfirmRemoveSelfResourceAccess=True)
    assert refusal(dynamodb.put_resource_policy, ResourceArn=arn, Policy=json.dumps(policy_of(arn)))[0] == "AccessDeniedException"
    dynamodb.delete_resource_policy(ResourceArn=arn)


def test_tags_are_text_of_any_script(dynamodb, table):
    """Letters, digits and spaces; no pictures. Of several tags all are taken, or none."""
    arn = arn_of(dynamodb, table())
    tags = [{"Key": "ключ", "Value": "café"}, {"Key": "表", "Value": "\u3000\u00a0"}]
    dynamodb.tag_resource(ResourceArn=arn, Tags=[*tags, {"Key": "ж" * 128, "Value": "as long as may be"}])
    dynamodb.untag_resource(ResourceArn=arn, TagKeys=["ж" * 128])
    for tag, told in (({"Key": "🔑", "Value": "v"}, "Key provided is invalid, Key: 🔑"), ({"Key": "k", "Value": "🔑"}, "Value provided is invalid, Value: 🔑"),
                      ({"Key": "k", "Value": "a→b"}, "Value provided is invalid, Value: a→b")):
        assert refusal(dynamodb.tag_resource, ResourceArn=arn, Tags=[{"Key": "good", "Value": "v"}, tag]) == ("ValidationException", "The Tag " + told)
    assert sorted(dynamodb.list_tags_of_resource(ResourceArn=arn)["Tags"], key=str) == sorted(tags, key=str)


def test_what_is_no_tag(dynamodb, table):
    name = table()
    arn = arn_of(dynamodb, name)

    def refused(*pairs, resource=arn):
        code, text = refusal(dynamodb.tag_resource, ResourceArn=resource, Tags=[{"Key": k, "Value": v} for k, v in pairs])
        assert code == "ValidationException"
        return text
    assert refused() == "Atleast one Tag needs to be provided as Input."
    assert refused(("aws:x", "y")) == "Tag Key cannot be prefixed with aws:, Key: aws:x"
    assert refused(("AWS:x", "y")) == "Tag Key cannot be prefixed with aws:, Key: AWS:x"
    assert refusal(dynamodb.untag_resource, ResourceArn=arn, TagKeys=["aws:x"]) == ("ValidationException", "Tag Key cannot be prefixed with aws:, Key: aws:x")
    assert refused(("x", "y"), ("x", "z")) == "Duplicate Tag Keys provided as input: Duplicate Tag Key found x"
    assert refused(*[(f"k{i}", "v") for i in range(51)]) == "Number of Tags exceed the current limit for the provided ResourceArn"
    assert refused(("a<b", "v")) == "The Tag Key provided is invalid, Key: a<b"
    assert refused(("x", "a*b")) == "The Tag Value provided is invalid, Value: a*b"
    assert refused(("x", "y"), resource=name) == f"{INVALID}ARNs must start with 'arn:': {name}"
    assert refused(("x", "y"), resource=arn + "/index/abc") == f"Invalid TableArn: Invalid ResourceArn provided as input {arn}/index/abc"
    stream = arn + "/stream/2026-10-08T00:00:00.000"
    assert refusal(dynamodb.list_tags_of_resource, ResourceArn=stream) == ("ResourceNotFoundException", f"Requested resource not found: ResourceArn: {stream} not found")
    assert refused(("k" * 129, "v")) == f"The Tag Key provided is invalid, Key: {'k' * 129}"
    assert refused(("k", "v" * 257)) == f"The Tag Value provided is invalid, Value: {'v' * 257}"
    for keys, told in ((["k" * 129], f"The Tag Key provided is invalid, Key: {'k' * 129}"),
                       ([str(i) for i in range(51)], "Number of Tags exceed the current limit for the provided ResourceArn")):
        assert refusal(dynamodb.untag_resource, ResourceArn=arn, TagKeys=keys) == ("ValidationException", told)
    for other in (arn.replace("us-east-1", "eu-west-1"), arn.replace("arn:aws:", "arn:aws-cn:")):
        assert refused(("x", "y"), resource=other) == f"Invalid TableArn: Invalid ResourceArn provided as input {other}"
    assert refused(("x", "y"), resource=arn + "/") == f"{INVALID}Provided Arn is not a DynamoDB resource arn: {arn}/"
    assert dynamodb.list_tags_of_resource(ResourceArn=arn)["Tags"] == []
    assert refusal(dynamodb.list_tags_of_resource, ResourceArn=arn + "x") == ("ResourceNotFoundException", f"Requested resource not found: ResourceArn: {arn}x not found")


def test_another_account_needs_the_policy(brume, dynamodb, table):
    name = table()
    arn = dynamodb.describe_table(TableName=name)["Table"]["TableArn"]
    dynamodb.put_item(TableName=arn, Item={"p": {"S": "x"}})
    stranger = brume.client("dynamodb", account="444455556666")
    ask = dict(TableName=arn, Key={"p": {"S": "x"}})
    assert refusal(stranger.get_item, **ask)[0] == "AccessDeniedException"
    dynamodb.put_resource_policy(ResourceArn=arn, Policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::444455556666:root"}, "Action": "dynamodb:GetItem", "Resource": arn}]}))
    assert stranger.get_item(**ask)["Item"] == {"p": {"S": "x"}}
    assert refusal(stranger.put_item, TableName=arn, Item={"p": {"S": "y"}})[0] == "AccessDeniedException"


def test_strangers_learn_nothing_of_a_table(brume, dynamodb, table):
    """Without a policy it is as one that is not there; with one they are told what they may not do."""
    arn = arn_of(dynamodb, table())
    stranger = brume.client("dynamodb", account="444455556666")
    for wanted in (arn, arn + "x"):
        assert refusal(stranger.describe_table, TableName=wanted) == ("AccessDeniedException", "Access is denied")
        assert refusal(stranger.create_backup, TableName=wanted, BackupName="mine") == ("AccessDeniedException", "Access is denied")
        assert refusal(stranger.list_backups, TableName=wanted) == ("AccessDeniedException", "Access is denied")
    dynamodb.put_resource_policy(ResourceArn=arn, Policy=json.dumps(policy_of(arn)))
    assert "is not authorized to perform: dynamodb:DescribeTable on resource" in refusal(stranger.describe_table, TableName=arn)[1]
    own = ("ValidationException", "This action is only supported by accounts that match the resource owner’s account.")
    assert refusal(stranger.get_resource_policy, ResourceArn=arn) == own
    assert refusal(stranger.delete_resource_policy, ResourceArn=arn) == own
    assert refusal(stranger.put_resource_policy, ResourceArn=arn, Policy=json.dumps(policy_of(arn))) == own


def test_each_entry_asks_its_right(brume, dynamodb, streams, table):
    """A user who may read one table: batches and transactions are asked table by table."""
    open_, closed = (table(StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}) for _ in range(2))
    iam = brume.client("iam")
    user = f"reader-{open_}"
    iam.create_user(UserName=user)
    arn = dynamodb.describe_table(TableName=open_)["Table"]["TableArn"]
    iam.put_user_policy(UserName=user, PolicyName="read", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:GetRecords"], "Resource": [arn, arn + "/stream/*"]}]}))
    key = iam.create_access_key(UserName=user)["AccessKey"]
    reader = brume.client("dynamodb", account=key["AccessKeyId"], secret=key["SecretAccessKey"])
    item = {"p": {"S": "x"}}
    for name in (open_, closed):
        dynamodb.put_item(TableName=name, Item=item)
    assert reader.batch_get_item(RequestItems={open_: {"Keys": [item]}})["Responses"][open_] == [item]
    assert reader.transact_get_items(TransactItems=[{"Get": {"TableName": open_, "Key": item}}])["Responses"] == [{"Item": item}]
    denied = "AccessDeniedException"
    assert refusal(reader.batch_get_item, RequestItems={n: {"Keys": [item]} for n in (open_, closed)})[0] == denied
    assert refusal(reader.transact_get_items, TransactItems=[{"Get": {"TableName": closed, "Key": item}}])[0] == denied
    assert refusal(reader.batch_write_item, RequestItems={open_: [{"PutRequest": {"Item": item}}]})[0] == denied
    assert refusal(reader.transact_write_items, TransactItems=[{"Put": {"TableName": open_, "Item": item}}])[0] == denied
    stream_reader = brume.client("dynamodbstreams", account=key["AccessKeyId"], secret=key["SecretAccessKey"])
    for name, allowed in ((open_, True), (closed, False)):
        stream = dynamodb.describe_table(TableName=name)["Table"]["LatestStreamArn"]
        shard = streams.describe_stream(StreamArn=stream)["StreamDescription"]["Shards"][0]["ShardId"]
        iterator = streams.get_shard_iterator(StreamArn=stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
        if allowed:
            assert len(stream_reader.get_records(ShardIterator=iterator)["Records"]) == 1
        else:
            assert refusal(stream_reader.get_records, ShardIterator=iterator)[0] == denied


def test_a_policy_of_a_table_holds_for_its_indexes_and_stream(brume, dynamodb, streams, table):
    """The table's own policy names the index; the stream has a policy of its own."""
    name = table("p:S g:S", ("p",), GlobalSecondaryIndexes=[index("by-g", "g")],
                 StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})
    described = dynamodb.describe_table(TableName=name)["Table"]
    arn, stream = described["TableArn"], described["LatestStreamArn"]
    dynamodb.put_item(TableName=name, Item={"p": {"S": "x"}, "g": {"S": "y"}})
    stranger = brume.client("dynamodb", account="444455556666")
    abroad = brume.client("dynamodbstreams", account="444455556666")
    ask = dict(TableName=arn, IndexName="by-g", KeyConditionExpression="g = :g", ExpressionAttributeValues={":g": {"S": "y"}})
    assert refusal(stranger.query, **ask)[0] == "AccessDeniedException"
    assert refusal(abroad.describe_stream, StreamArn=stream)[0] == "AccessDeniedException"
    for resource, action in ((arn, "Query"), (stream, "DescribeStream")):
        dynamodb.put_resource_policy(ResourceArn=resource, Policy=json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::444455556666:root"}, "Action": f"dynamodb:{action}",
             "Resource": [resource, f"{resource}/index/*"]}]}))
    assert stranger.query(**ask)["Count"] == 1
    assert abroad.describe_stream(StreamArn=stream)["StreamDescription"]["StreamArn"] == stream
    assert refusal(abroad.get_shard_iterator, StreamArn=stream, ShardId="shardId-00000000000000000001-00000001",
                   ShardIteratorType="LATEST")[0] == "AccessDeniedException"
