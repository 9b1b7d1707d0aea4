"""AWS's documented examples for DynamoDB and its streams, run as they stand there beside the tables that they suppose
(tests/support/documented.py reads them). Their answers are held against the documented ones: LATER and DIFFERS tell, with the reason, of
all that is different, and a difference that is listed and not there fails as well."""
import re

import pytest
from botocore import xform_name
from services.dynamodb.test.ddb_tables import key_schema, make_table, wait_active, wait_until
from tests.support.documented import ACCOUNT, REGION, Terminal, api_examples, assert_documented, cli_examples

MUSIC = "MusicCollection"
OLD = "AWS makes no global tables of version 2017.11.29 any more"
NOT_RUN = {f"{name} 0": OLD for name in ("create-global-table", "describe-global-table", "describe-global-table-settings", "update-global-table",
                                         "update-global-table-settings", "list-global-tables")}

# Members that AWS tells today, and did not when the examples were written.
LATER = {"TableId", "TableArn", "DeletionProtectionEnabled", "WarmThroughput", "ContributorInsightsMode", "RecoveryPeriodInDays"}

# What differs, by example (CLI's commands, API's operations) and member, and why.
NO_ORDER = "AWS promises none"
SHORT = "the example shows fewer items than it counts"
LEFT_OUT = "the example leaves out the index that its definitions name"
BEFORE = "AWS answered with the settings of before in October 2026"
PAGES = "AWS's own pages of this list are smaller than what they are asked for"
NOT_ASKED = "nobody asked for it, and the CLI's examples of the same request have none"
EMPTY = "the CLI's examples have it, empty"
EARLIER = "the table has changed before, which nobody shows"
COUNTED = {f"TableDescription.GlobalSecondaryIndexes[].{k}": "AWS counts every six hours" for k in ("ItemCount", "IndexSizeBytes")} | {
    "TableDescription.LocalSecondaryIndexes[].Projection.NonKeyAttributes[] in another order": NO_ORDER}
DIFFERS = {
    "BatchGetItem 0": {"Responses.Music[] in another order": NO_ORDER, "+UnprocessedKeys": EMPTY}, "BatchWriteItem 0": {"+UnprocessedItems": EMPTY},
    "CreateTable 0": {"TableDescription.ProvisionedThroughput.+NumberOfDecreasesToday": "the CLI's examples have it"}, "DeleteItem 0": {"-ConsumedCapacity": NOT_ASKED},
    "DescribeTable 0": {"Table.ProvisionedThroughput.NumberOfDecreasesToday": EARLIER}, "DeleteTable 0": {"TableDescription.ProvisionedThroughput.NumberOfDecreasesToday": EARLIER},
    "UpdateTable 0": {"TableDescription.ProvisionedThroughput.NumberOfDecreasesToday": EARLIER}, "Query 0": {"-ConsumedCapacity": NOT_ASKED, "Items[]": SHORT}, "Scan 0": {"-ConsumedCapacity": NOT_ASKED},
    "DescribeLimits 0": {f"{of}Max{kind}CapacityUnits": "of smaller regions, and older than the CLI's example" for of in ("Account", "Table") for kind in ("Read", "Write")},
    "batch-get-item 0": {"Responses.MusicCollection[] in another order": NO_ORDER},
    "GetRecords 0": {"Records[].eventVersion": "the CLI's example is of the version that came after"}, "ListStreams 0": {"Streams[].StreamArn": "a slip of the pen in a region"},
    "describe-contributor-insights 0": {"ContributorInsightsRuleList[]": "the example of an index shows its table's rules"},
    "describe-endpoints 0": {"Endpoints[].Address": "it is here"},
    "list-contributor-insights 0": {"ContributorInsightsSummaries[] in another order": NO_ORDER},
    "list-contributor-insights 1": {"ContributorInsightsSummaries[] in another order": NO_ORDER, "ContributorInsightsSummaries[]": PAGES},
    "list-contributor-insights 2": {"ContributorInsightsSummaries[].TableName": PAGES, "ContributorInsightsSummaries[]": PAGES},
    "list-tags-of-resource 0": {"Tags[] in another order": NO_ORDER},
    **{f"list-tags-of-resource {i}": {"Tags[].Key": NO_ORDER, "Tags[].Value": NO_ORDER} for i in (1, 2)},
    "query 0": {"Items[]": SHORT, "Items[] in another order": SHORT},
    "transact-write-items 0": {"ItemCollectionMetrics.MusicCollection[] in another order": NO_ORDER},
    **{f"update-table {i}": {"TableDescription.+LocalSecondaryIndexes": LEFT_OUT} for i in (0, 1)}, **{f"update-table {i}": COUNTED for i in (2, 3)},
    "update-table-replica-auto-scaling 0": {f"TableAutoScalingDescription.Replicas[].ReplicaProvisionedWriteCapacityAutoScalingSettings.{k}": BEFORE for k in (
        "MinimumUnits", "MaximumUnits", "ScalingPolicies[].TargetTrackingScalingPolicyConfiguration.TargetValue")},
}

# What an example supposes, as methods of World; by its name or for all of its file.
SUPPOSES = {
    "batch-get-item": "table songs louder", "batch-write-item": "indexed", "create-backup": "table", "create-table 2": "key", "delete-backup": "table backup",
    "delete-item 0": "indexed songs", "delete-item 1": "products", "delete-table": "table", "describe-backup": "table backup", "describe-continuous-backups": "table settled",
    "describe-contributor-insights": "table album_index insights", "describe-table": "table", "describe-table-replica-auto-scaling": "two_replicas",
    "describe-time-to-live": "table expiry", "get-item": "table songs", "get-item 2": "products", "list-backups": "table two_backups", "list-backups 4": "table two_backups token",
    "list-contributor-insights": "all_insights", "list-contributor-insights 2": "all_insights token", "list-tables": "forum", "list-tables 3": "forum token",
    "list-tags-of-resource": "table tags", "list-tags-of-resource 2": "table tags token", "put-item": "indexed greatest", "query": "table songs", "query 4": "indexed songs",
    "restore-table-from-backup": "table backup restored", "restore-table-to-point-in-time": "table recovery", "scan": "table songs", "tag-resource": "table",
    "transact-get-items": "table songs", "transact-write-items": "indexed album_index songs", "untag-resource": "table tags", "update-continuous-backups": "table",
    "update-contributor-insights": "table album_index", "describe-stream": "music_stream shard", "get-records": "music_stream changes", "get-shard-iterator": "music_stream", "list-streams": "music_stream",
    "BatchGetItem": "music louder", "DeleteItem": "music", "DeleteTable": "empty_music", "DescribeTable": "empty_music", "GetItem": "music", "ListTables": "forum", "PutItem": "music", "BatchWriteItem": "music",
    "Query": "music", "Scan": "music", "UpdateItem": "music", "UpdateTable": "slow", "DescribeStream": "forum_stream shard shard shard", "GetShardIterator": "forum_stream",
    "ListStreams": "forum_stream again again", "GetRecords": "forum_keys posts", "update-item": "indexed awarded", "update-table 0": "billed", "update-table 1": "provisioned", "update-table 2": "provisioned album_index",
    "update-table 3": "provisioned album_index stream", "update-table-replica-auto-scaling": "three_replicas", "update-time-to-live": "table", "wait/table-exists": "table",
}


class World:
    """What an example supposes to be there. `names`: what the things are called here that it calls by an id."""

    def __init__(self, server, terminal):
        self.server, self.terminal, self.names, self.examples = server, terminal, [], None
        self.dynamodb = server.client("dynamodb", account=ACCOUNT, region=REGION)

    def name(self, pattern, name):
        self.names.append((pattern, name))

    def named(self, value):
        """A text with the names of here."""
        for pattern, name in self.names if isinstance(value, str) else ():
            value = re.sub(pattern, name, value)
        return value

    def make(self, name=MUSIC, attributes="Artist:S SongTitle:S", keys=("Artist", "SongTitle"), units=(5, 5), **more):
        if units:
            more["ProvisionedThroughput"] = dict(zip(("ReadCapacityUnits", "WriteCapacityUnits"), units))
        make_table(self.dynamodb, attributes, keys, name=name, **more)

    def table(self):
        self.make()

    def indexed(self, **more):
        self.make(attributes="Artist:S SongTitle:S AlbumTitle:S", LocalSecondaryIndexes=[
            {"IndexName": "AlbumTitleIndex", "KeySchema": key_schema("Artist", "AlbumTitle"), "Projection": more.pop("projection", {"ProjectionType": "KEYS_ONLY"})}], **more)

    def song(self, artist, title, album, table=MUSIC, **more):
        self.dynamodb.put_item(TableName=table, Item={"Artist": {"S": artist}, "SongTitle": {"S": title}, "AlbumTitle": {"S": album}, **more})

    def songs(self, table=MUSIC):
        self.song("No One You Know", "Call Me Today", "Somewhat Famous", table)
        self.song("Acme Band", "Happy Day", "Songs About Life", table)
        self.song("No One You Know", "Scared of My Shadow", "Blue Sky Blues", table)

    def louder(self):
        for table in self.dynamodb.list_tables()["TableNames"]:
            self.song("Acme Band", "Happy Day", "Louder Than Ever", table)

    def awarded(self):
        self.song("Acme Band", "Happy Day", "Songs About Life", Awards={"N": "10"})

    def greatest(self):
        self.song("No One You Know", "Call Me Today", "Greatest Hits")

    def products(self):
        self.make("ProductCatalog", "Id:N", ("Id",))
        for product in ({"Id": {"N": "456"}, "ProductCategory": {"S": "Sporting Goods"}, "Price": {"N": "550"}},
                        {"Id": {"N": "102"}, "Title": {"S": "Book 102 Title"}, "ProductCategory": {"S": "Book"}, "Price": {"N": "20"}}):
            self.dynamodb.put_item(TableName="ProductCatalog", Item=product)

    def forum(self):
        for name, keys in (("ProductCatalog", ("Id",)), ("Forum", ("Name",)), ("Reply", ("Id", "ReplyDateTime")), ("Thread", ("ForumName", "Subject"))):
            self.make(name, " ".join(f"{key}:S" for key in keys), keys)

    def key(self):
        key = self.server.client("kms", account=ACCOUNT, region=REGION).create_key()["KeyMetadata"]["KeyId"]
        self.name(r"abcd1234-[\w-]+", key)

    def backup(self, name=f"{MUSIC}Backup"):
        arn = self.dynamodb.create_backup(TableName=MUSIC, BackupName=name)["BackupDetails"]["BackupArn"]
        wait_until(lambda: self.dynamodb.describe_backup(BackupArn=arn)["BackupDescription"]["BackupDetails"]["BackupStatus"] == "AVAILABLE")
        self.name(r"arn:\S+/backup/\S+", arn)

    def two_backups(self):
        """As large as the documented ones."""
        self.song("a", "a", "a" * (170 - 27))
        self.backup(f"{MUSIC}Backup1")
        first = int(self.server.now().timestamp())
        self.server.advance_clock(3_600_000)
        self.song("a", "a", "a" * (400 - 27))
        self.backup(f"{MUSIC}Backup2")
        self.name("1577836800", str(first - 600))
        self.name("1583020800", str(first + 600))

    def token(self):
        """The one that the example before gives."""
        token = self.terminal.run(self.before, self.names)["NextToken"]
        self.name(r"(--starting-token|--next-token) \S+", rf"\1 {token}")

    def tags(self):
        for key, value in (("Owner", "blueTeam"), ("Environment", "Production")):
            self.dynamodb.tag_resource(ResourceArn=f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{MUSIC}", Tags=[{"Key": key, "Value": value}])

    def restored(self):
        self.name(f"--target-table-name {MUSIC}", f"--target-table-name {MUSIC}2")

    def settled(self):
        self.server.advance_clock(60_000)

    def expiry(self):
        self.dynamodb.update_time_to_live(TableName=MUSIC, TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"})

    def recovery(self):
        self.dynamodb.update_continuous_backups(TableName=MUSIC, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True})
        self.server.advance_clock(3_600_000)
        self.name(r"1576622404\.0", str(self.server.now().timestamp() - 1800))

    def album_index(self):
        self.dynamodb.update_table(TableName=MUSIC, AttributeDefinitions=[{"AttributeName": "AlbumTitle", "AttributeType": "S"}], GlobalSecondaryIndexUpdates=[{"Create": {
            "IndexName": "AlbumTitle-index", "KeySchema": key_schema("AlbumTitle"), "Projection": {"ProjectionType": "ALL"},
            "ProvisionedThroughput": {"ReadCapacityUnits": 10, "WriteCapacityUnits": 10}}}])
        wait_active(self.dynamodb, MUSIC)

    def insights(self, table=MUSIC, **index):
        self.dynamodb.update_contributor_insights(TableName=table, ContributorInsightsAction="ENABLE", **(index or {"IndexName": "AlbumTitle-index"} if table == MUSIC else {}))
        self.server.advance_clock(60_000)

    def all_insights(self):
        self.forum()
        self.table()
        self.album_index()
        for table in (MUSIC, "ProductCatalog", "Forum", "Reply", "Thread"):
            self.insights(table)

    def billed(self):
        """On demand after more was provisioned, with two songs of the documented sizes: 43 bytes stand outside of the index."""
        self.indexed(units=(5, 5), projection={"ProjectionType": "INCLUDE", "NonKeyAttributes": ["Genre", "Year"]})
        self.dynamodb.update_table(TableName=MUSIC, ProvisionedThroughput={"ReadCapacityUnits": 10, "WriteCapacityUnits": 5})
        wait_active(self.dynamodb, MUSIC)
        self.song("a", "a", "a" * 42, Text={"S": "a" * 39})
        self.song("a", "b", "a" * 43)
        self.dynamodb.update_table(TableName=MUSIC, BillingMode="PAY_PER_REQUEST")
        wait_active(self.dynamodb, MUSIC)
        self.server.advance_clock(2 * 86_400_000)

    def provisioned(self):
        self.billed()
        self.dynamodb.update_table(TableName=MUSIC, BillingMode="PROVISIONED", ProvisionedThroughput={"ReadCapacityUnits": 15, "WriteCapacityUnits": 10})
        wait_active(self.dynamodb, MUSIC)

    def replicas(self, *regions):
        """A global table whose capacity scales everywhere."""
        self.dynamodb = self.server.client("dynamodb", account=ACCOUNT, region=regions[0])
        self.name("$", f" --region {regions[0]}")
        self.table()
        self.scale("Write", regions[0])
        for region in regions[1:]:
            self.dynamodb.update_table(TableName=MUSIC, ReplicaUpdates=[{"Create": {"RegionName": region}}])
            wait_until(lambda: all(r["ReplicaStatus"] == "ACTIVE" for r in self.dynamodb.describe_table(TableName=MUSIC)["Table"]["Replicas"]))
            wait_active(self.dynamodb, MUSIC)
        for region in regions:
            self.scale("Read", region)

    def scale(self, kind, region):
        scaling = self.server.client("application-autoscaling", account=ACCOUNT, region=region)
        of = {"ServiceNamespace": "dynamodb", "ResourceId": f"table/{MUSIC}", "ScalableDimension": f"dynamodb:table:{kind}CapacityUnits"}
        scaling.register_scalable_target(**of, MinCapacity=5, MaxCapacity=40000)
        scaling.put_scaling_policy(**of, PolicyName=f"DynamoDB{kind}CapacityUtilization:table/{MUSIC}", PolicyType="TargetTrackingScaling",
                                   TargetTrackingScalingPolicyConfiguration={"TargetValue": 70.0, "PredefinedMetricSpecification": {
                                       "PredefinedMetricType": f"DynamoDB{kind}CapacityUtilization"}})

    def slow(self):
        self.make(units=(1, 1))

    def empty_music(self):
        self.make("Music")

    def music(self):
        self.empty_music()
        self.songs("Music")

    def streamed(self, name, keys, view):
        """A stream of two shards; it, the open one and its beginning are known by name."""
        self.make(name, " ".join(f"{k}:S" for k in keys), keys, StreamSpecification={"StreamEnabled": True, "StreamViewType": view})
        self.streams = self.server.client("dynamodbstreams", account=ACCOUNT, region=REGION)
        [stream] = self.streams.list_streams()["Streams"]
        self.name(r"arn:[\w:-]+table/\w+/stream/[\d:T.-]+$|arn:[\w:-]+table/\w+/stream/[\d:T.-]+(?= )", stream["StreamArn"])
        [shard] = self.streams.describe_stream(StreamArn=stream["StreamArn"])["StreamDescription"]["Shards"]
        self.name(r"(shardId-)?0000[0-9a-f]+-[0-9a-f]{8}\b", shard["ShardId"])
        begin = self.streams.get_shard_iterator(StreamArn=stream["StreamArn"], ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
        self.name(r'"arn:[^|]+\|1\|[^"]*"|^arn:[^|]+\|1\|.*', begin)

    def music_stream(self):
        self.streamed("Music", ("Artist", "SongTitle"), "NEW_AND_OLD_IMAGES")

    def changes(self):
        self.song("No One You Know", "Call Me Today", "Somewhat Famous", "Music", Awards={"N": "1"})
        self.song("Acme Band", "Happy Day", "Songs About Life", "Music", Awards={"N": "10"})
        self.song("Acme Band", "Happy Day", "Updated Album Title", "Music", Awards={"N": "10"})

    def shard(self):
        """One more, four hours after a change."""
        table = self.dynamodb.describe_table(TableName=self.dynamodb.list_tables()["TableNames"][0])["Table"]
        self.dynamodb.put_item(TableName=table["TableName"], Item={k["AttributeName"]: {"S": str(self.server.now())} for k in table["KeySchema"]})
        self.server.advance_clock(4 * 3_600_000 + 1000)

    def forum_stream(self):
        self.streamed("Forum", ("ForumName", "Subject"), "NEW_AND_OLD_IMAGES")

    def again(self):
        """One more stream of the same table."""
        self.server.advance_clock(1000)
        for change in ({"StreamEnabled": False}, {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}):
            self.dynamodb.update_table(TableName="Forum", StreamSpecification=change)
            wait_active(self.dynamodb, "Forum")

    def forum_keys(self):
        self.streamed("Forum", ("ForumName", "Subject"), "KEYS_ONLY")

    def posts(self):
        """Threads 1 and 2 were there long ago."""
        def of(number):
            return {"ForumName": {"S": "DynamoDB"}, "Subject": {"S": f"DynamoDB Thread {number}"}}
        for number in (1, 2):
            self.dynamodb.put_item(TableName="Forum", Item=of(number))
        self.server.advance_clock(25 * 3_600_000)
        self.dynamodb.put_item(TableName="Forum", Item=of(3))
        self.dynamodb.put_item(TableName="Forum", Item={**of(1), "Tag": {"S": "new"}})
        self.dynamodb.delete_item(TableName="Forum", Key=of(2))
        stream = self.streams.list_streams()["Streams"][0]["StreamArn"]
        shard = self.streams.describe_stream(StreamArn=stream)["StreamDescription"]["Shards"][-1]["ShardId"]
        self.name("^.*$", self.streams.get_shard_iterator(StreamArn=stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"])

    def two_replicas(self):
        self.replicas("us-east-1", "us-east-2")

    def three_replicas(self):
        self.replicas("us-east-1", "us-east-2", "eu-central-1")

    def stream(self):
        self.dynamodb.update_table(TableName=MUSIC, StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})
        wait_active(self.dynamodb, MUSIC)


def prepared(name, examples, server, folder, monkeypatch):
    world = World(server, Terminal(server, folder, monkeypatch))
    stem, _, number = name.rpartition(" ")
    world.before = examples.get(f"{stem} {int(number) - 1}")
    for step in (SUPPOSES.get(name) or SUPPOSES.get(stem, "")).split():
        getattr(world, step)()
    return world


CLI_EXAMPLES = cli_examples("dynamodb") | cli_examples("dynamodbstreams")
API_EXAMPLES = {name: (service, example) for service in ("dynamodb", "dynamodbstreams") for name, example in api_examples(service, "2012-08-10").items()}


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.as_root] * ("auto-scaling" in name)) for name in CLI_EXAMPLES if name not in NOT_RUN])
def test_example(start_brume, tmp_path, monkeypatch, name):
    example = CLI_EXAMPLES[name]
    world = prepared(name, CLI_EXAMPLES, start_brume(), tmp_path, monkeypatch)
    assert_documented(example.output, world.terminal.run(example, world.names), DIFFERS.get(name), LATER)


@pytest.mark.parametrize("name", API_EXAMPLES)
def test_api_example(start_brume, tmp_path, monkeypatch, name):
    service, example = API_EXAMPLES[name]
    world = prepared(name, {}, start_brume(), tmp_path, monkeypatch)
    call = getattr(world.server.client(service, account=ACCOUNT, region=REGION), xform_name(name.split()[0]))
    answer = call(**{k: world.named(v) for k, v in example.command.items()})
    assert_documented(example.output, {k: v for k, v in answer.items() if k != "ResponseMetadata"}, DIFFERS.get(name), LATER)
