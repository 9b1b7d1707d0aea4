"""The examples of AWS's command line documentation for DynamoDB, read from the installed package and run as they stand there, each
beside the table that it supposes. Its answer must have every member that the documented one has, of its type, and those of EQUAL
must be as documented; others are times, ids, sizes and items of tables that nobody shows. WHY_NOT names those that are not run."""
import importlib.util
import io
import json
import re
import shlex
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from services.dynamodb.test.ddb_tables import wait_active, wait_until

CLI = Path(importlib.util.find_spec("awscli").origin).parent  # found, not imported: that would lead every CLI started from here to its data
EXAMPLES = CLI / "examples/dynamodb"
REGION, ACCOUNT = "us-west-2", "123456789012"
SONGS = [("No One You Know", "Call Me Today", {"AlbumTitle": {"S": "Somewhat Famous"}}), ("Acme Band", "Happy Day", {"AlbumTitle": {"S": "Songs About Life"}, "Awards": {"N": "10"}}),
         ("No One You Know", "Scared of My Shadow", {"AlbumTitle": {"S": "Blue Sky Blues"}})]
EQUAL = {"Count", "ScannedCount", "UnprocessedItems", "UnprocessedKeys", "KeySchema", "AttributeDefinitions", "TimeToLiveSpecification", "TimeToLiveDescription",
         "PointInTimeRecoveryStatus", "ContinuousBackupsStatus", "ContributorInsightsStatus"}
OLD = "AWS makes no global tables of version 2017.11.29 any more"
TOKEN = "its token is the documentation's own"
BILLED = "it supposes a table with a history of its billing and its indexes"
MORE = "it supposes more than a page of them"
WHY_NOT = {("create-global-table", 0): OLD, ("describe-global-table", 0): OLD, ("describe-global-table-settings", 0): OLD, ("update-global-table", 0): OLD,
           ("update-global-table-settings", 0): OLD, ("list-backups", 4): TOKEN, ("list-contributor-insights", 2): TOKEN, ("list-tags-of-resource", 2): TOKEN,
           ("list-backups", 3): MORE, ("list-contributor-insights", 1): MORE, ("list-tables", 2): MORE, ("list-tags-of-resource", 1): MORE,
           ("create-table", 2): "it names a key of KMS", ("update-table", 0): BILLED, ("update-table", 1): BILLED, ("update-table", 2): BILLED,
           ("update-table", 3): "it supposes a table with replicas and a key of KMS", ("put-item", 1): "its condition holds for an item that nobody shows",
           ("describe-table-replica-auto-scaling", 0): "it supposes a global table that scales", ("update-table-replica-auto-scaling", 0): "it supposes a global table that scales",
           ("restore-table-from-backup", 0): "it restores into one table and tells of another", ("restore-table-to-point-in-time", 0): "its moment has passed"}


def examples_of(path):
    """[(command, {file: content}, documented answer or None)] of one file."""
    found = []
    blocks = re.findall(r"^(\S[^\n]*(?:\n[^\n\S]*\S[^\n]*)*)\n[ \t]*\n((?:(?:    |\t)[^\n]*\n?|\n)+)", path.read_text() + "\n", re.M)
    for head, body in blocks:
        body = "\n".join(line[4:] for line in body.splitlines()).strip()
        named = re.search(r"``?([\w-]+\.json)``?", head)
        if body.startswith("aws "):
            found.append([body.replace("\\\n", " "), {}, None])
        elif found and named and "ontents" in head:
            found[-1][1][named[1]] = body
        elif found and head.strip().startswith("Output"):
            found[-1][2] = json.loads(body)
    return found


def all_examples():
    return [(path.stem, i) for path in sorted(EXAMPLES.glob("*.rst")) for i in range(len(examples_of(path))) if (path.stem, i) not in WHY_NOT]


class Cloud:
    """A server of one's own, the CLI on it, and what the documentation supposes to be there."""

    def __init__(self, server, folder, monkeypatch):
        self.folder, self.server = folder, server
        self.dynamodb = server.client("dynamodb", account=ACCOUNT, region=REGION)
        monkeypatch.chdir(folder)
        for name, value in {"AWS_ACCESS_KEY_ID": ACCOUNT, "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": REGION, "AWS_ENDPOINT_URL": server.url, "AWS_DATA_PATH": str(CLI / "data"),
                            "AWS_CONFIG_FILE": str(folder / "config"), "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials")}.items():
            monkeypatch.setenv(name, value)

    def songs(self, index=True):
        keys = [{"AttributeName": "Artist", "KeyType": "HASH"}]
        definitions = [{"AttributeName": n, "AttributeType": "S"} for n in ("Artist", "SongTitle", *(["AlbumTitle"] if index else []))]
        more = {"LocalSecondaryIndexes": [{"IndexName": "AlbumTitleIndex", "KeySchema": keys + [{"AttributeName": "AlbumTitle", "KeyType": "RANGE"}],
                                           "Projection": {"ProjectionType": "KEYS_ONLY"}}]} if index else {}
        self.dynamodb.create_table(TableName="MusicCollection", AttributeDefinitions=definitions, KeySchema=keys + [{"AttributeName": "SongTitle", "KeyType": "RANGE"}],
                                   ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}, Tags=[{"Key": "Owner", "Value": "blueTeam"}], **more)
        wait_active(self.dynamodb, "MusicCollection")

    def put(self, songs):
        for artist, title, more in songs:
            self.dynamodb.put_item(TableName="MusicCollection", Item={"Artist": {"S": artist}, "SongTitle": {"S": title}, **more})

    def run(self, command):
        """(exit code, what it said)."""
        from awscli.clidriver import create_clidriver
        out, wrong = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(wrong):
            code = create_clidriver().main(shlex.split(command)[1:] + ["--output", "json"])
        return code, out.getvalue(), wrong.getvalue()


def agrees(documented, actual, path="", equal=False):
    """What is wrong with the answer, as text; nothing: all is there."""
    if isinstance(documented, dict) and isinstance(actual, dict):
        faults = [f"{path}.{k} is not there" for k in documented if k not in actual and documented[k] is not None]
        if equal:
            faults += [f"{path}.{k} is not documented" for k in actual if k not in documented]
        return faults + [f for k in documented if k in actual for f in agrees(documented[k], actual[k], f"{path}.{k}", equal or k in EQUAL)]
    if isinstance(documented, list) and isinstance(actual, list):
        if equal and len(documented) != len(actual):
            return [f"{path} has {len(actual)} elements, documented {len(documented)}"]
        return [f for i, (d, a) in enumerate(zip(documented, actual)) for f in agrees(d, a, f"{path}[{i}]", equal)]
    if equal and documented != actual:
        return [f"{path} is {actual!r}, documented {documented!r}"]
    return [] if isinstance(documented, (int, float, str)) and isinstance(actual, (int, float, str)) else [] if documented == actual else [f"{path} is {actual!r}, documented {documented!r}"]


def prepare(cloud, stem, number, command):
    """What the example supposes. Returns its command, with the names that things have here."""
    dynamodb, songs = cloud.dynamodb, {"TableName": "MusicCollection"}
    if stem == "create-table":
        return command
    cloud.songs(index=stem not in ("describe-table", "update-table"))
    if stem not in ("put-item", "batch-write-item"):
        cloud.put(SONGS)
    if "ProductCatalog" in command:
        dynamodb.create_table(TableName="ProductCatalog", KeySchema=[{"AttributeName": "Id", "KeyType": "HASH"}], BillingMode="PAY_PER_REQUEST",
                              AttributeDefinitions=[{"AttributeName": "Id", "AttributeType": "N"}])
        wait_active(dynamodb, "ProductCatalog")
        id_ = re.search(r'"Id".*?"N".*?"(\d+)"', command)[1]
        dynamodb.put_item(TableName="ProductCatalog", Item={"Id": {"N": id_}, "ProductCategory": {"S": "Sporting Goods"}, "Price": {"N": "550"}, "Title": {"S": "Book"}, "ISBN": {"S": "1"}})
    if stem in ("delete-backup", "describe-backup"):
        arn = dynamodb.create_backup(**songs, BackupName="MusicCollectionBackup")["BackupDetails"]["BackupArn"]
        wait_until(lambda: dynamodb.describe_backup(BackupArn=arn)["BackupDescription"]["BackupDetails"]["BackupStatus"] == "AVAILABLE")
        command = re.sub(r"arn:\S+/backup/\S+", arn, command)
    if stem == "describe-time-to-live":
        dynamodb.update_time_to_live(**songs, TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"})
    if stem in ("describe-continuous-backups",):
        cloud.server.advance_clock(60_000)
    if "contributor-insights" in stem:
        dynamodb.update_table(**songs, AttributeDefinitions=[{"AttributeName": "AlbumTitle", "AttributeType": "S"}], GlobalSecondaryIndexUpdates=[{"Create": {
            "IndexName": "AlbumTitle-index", "KeySchema": [{"AttributeName": "AlbumTitle", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"},
            "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}}}])
        wait_active(dynamodb, "MusicCollection")
        if stem != "update-contributor-insights":
            dynamodb.update_contributor_insights(**songs, IndexName="AlbumTitle-index", ContributorInsightsAction="ENABLE")
    return command


@pytest.mark.parametrize("stem, number", all_examples())
def test_example(start_brume, tmp_path, monkeypatch, stem, number):
    command, files, documented = examples_of(EXAMPLES / f"{stem}.rst")[number]
    cloud = Cloud(start_brume(), tmp_path, monkeypatch)
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    command = prepare(cloud, stem, number, command)
    code, said, wrong = cloud.run(command)
    assert code == 0, wrong
    if documented is not None:
        assert agrees(documented, json.loads(said)) == []
