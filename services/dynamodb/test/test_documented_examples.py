"""AWS's documented examples for DynamoDB and its streams, run as they stand there beside the tables that they suppose
(tests/support/documented.py reads them). Their answers are held against the documented ones: LATER and DIFFERS tell, with the reason, of
all that is different, and a difference that is listed and not there fails as well."""
import re

import pytest
from services.dynamodb.test.ddb_tables import key_schema, make_table, scale_writes, wait_active, wait_until
from tests.support.documented import ACCOUNT, REGION, Terminal, api_examples, cli_examples, differences

MUSIC = "MusicCollection"
OLD = "AWS makes no global tables of version 2017.11.29 any more"
NOT_RUN = {f"{name} 0": OLD for name in ("create-global-table", "describe-global-table", "describe-global-table-settings", "update-global-table",
                                         "update-global-table-settings", "list-global-tables")}

# Members that AWS tells today, and did not when the examples were written.
LATER = {"TableId", "TableArn", "DeletionProtectionEnabled", "WarmThroughput", "SSEDescription", "OnDemandThroughput"}
DIFFERS = {}

# What an example supposes, as methods of World; by its name or for all of its file.
SUPPOSES = {
    "batch-get-item": "table songs louder", "batch-write-item": "indexed", "create-backup": "table", "create-table 2": "key", "delete-backup": "table backup",
    "delete-item 0": "indexed songs", "delete-item 1": "products", "delete-table": "table", "describe-backup": "table backup", "describe-continuous-backups": "table",
    "describe-contributor-insights": "table album_index insights", "describe-table": "table", "describe-table-replica-auto-scaling": "replicas",
    "describe-time-to-live": "table expiry", "get-item": "table songs", "get-item 2": "products", "list-backups": "table two_backups", "list-backups 4": "table two_backups token",
    "list-contributor-insights": "all_insights", "list-contributor-insights 2": "all_insights token", "list-tables": "forum", "list-tables 3": "forum token",
    "list-tags-of-resource": "table tags", "list-tags-of-resource 2": "table tags token", "put-item": "indexed greatest", "query": "table songs", "query 4": "indexed songs",
    "restore-table-from-backup": "table backup", "restore-table-to-point-in-time": "table recovery", "scan": "table songs", "tag-resource": "table",
    "transact-get-items": "table songs", "transact-write-items": "indexed songs", "untag-resource": "table tags", "update-continuous-backups": "table",
    "update-contributor-insights": "table album_index", "update-item": "indexed awarded", "update-table 0": "billed", "update-table 1": "provisioned", "update-table 2": "provisioned album_index",
    "update-table 3": "provisioned album_index stream", "update-table-replica-auto-scaling": "replicas", "update-time-to-live": "table", "wait/table-exists": "table",
}


class World:
    """What an example supposes to be there. `names`: what the things are called here that it calls by an id."""

    def __init__(self, server, terminal):
        self.server, self.terminal, self.names, self.examples = server, terminal, [], None
        self.dynamodb = server.client("dynamodb", account=ACCOUNT, region=REGION)

    def name(self, pattern, name):
        self.names.append((pattern, name))

    def make(self, name=MUSIC, attributes="Artist:S SongTitle:S", keys=("Artist", "SongTitle"), units=(5, 5), **more):
        if units:
            more["ProvisionedThroughput"] = dict(zip(("ReadCapacityUnits", "WriteCapacityUnits"), units))
        make_table(self.dynamodb, attributes, keys, name=name, **more)

    def table(self):
        self.make()

    def indexed(self, **more):
        self.make(attributes="Artist:S SongTitle:S AlbumTitle:S", LocalSecondaryIndexes=[
            {"IndexName": "AlbumTitleIndex", "KeySchema": key_schema("Artist", "AlbumTitle"), "Projection": more.pop("projection", {"ProjectionType": "KEYS_ONLY"})}], **more)

    def song(self, artist, title, album, **more):
        self.dynamodb.put_item(TableName=MUSIC, Item={"Artist": {"S": artist}, "SongTitle": {"S": title}, "AlbumTitle": {"S": album}, **more})

    def songs(self):
        self.song("No One You Know", "Call Me Today", "Somewhat Famous")
        self.song("Acme Band", "Happy Day", "Songs About Life")
        self.song("No One You Know", "Scared of My Shadow", "Blue Sky Blues")

    def louder(self):
        self.song("Acme Band", "Happy Day", "Louder Than Ever")

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
        self.backup(f"{MUSIC}Backup1")
        first = int(self.server.now().timestamp())
        self.server.advance_clock(3_600_000)
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
        """On demand, and twelve songs' worth of history behind it."""
        self.indexed(units=(10, 5), projection={"ProjectionType": "INCLUDE", "NonKeyAttributes": ["Genre", "Year"]})
        self.dynamodb.update_table(TableName=MUSIC, BillingMode="PAY_PER_REQUEST")
        wait_active(self.dynamodb, MUSIC)
        self.server.advance_clock(2 * 86_400_000)

    def provisioned(self):
        self.billed()
        self.dynamodb.update_table(TableName=MUSIC, BillingMode="PROVISIONED", ProvisionedThroughput={"ReadCapacityUnits": 15, "WriteCapacityUnits": 10})
        wait_active(self.dynamodb, MUSIC)

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


def held(name, documented, actual):
    """What differs is what is listed."""
    found = {path: what for path, what in differences(documented, actual).items() if path.rpartition("+")[2] not in LATER}
    listed = DIFFERS.get(name, {})
    assert {path: what for path, what in found.items() if path not in listed} == {}
    assert [path for path in listed if path not in found] == []


CLI_EXAMPLES = cli_examples("dynamodb")


@pytest.mark.parametrize("name", [name for name in CLI_EXAMPLES if name not in NOT_RUN])
def test_example(start_brume, tmp_path, monkeypatch, name):
    example = CLI_EXAMPLES[name]
    world = prepared(name, CLI_EXAMPLES, start_brume(), tmp_path, monkeypatch)
    held(name, example.output, world.terminal.run(example, world.names))
