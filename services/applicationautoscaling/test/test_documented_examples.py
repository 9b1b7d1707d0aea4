"""AWS's documented examples for Application Auto Scaling that are of DynamoDB or of no service, run as they stand there
(tests/support/documented.py). Those of ECS, AppStream and services of one's own need what is not here."""
import datetime

import pytest
from tests.support.documented import ACCOUNT, REGION, Terminal, assert_documented, cli_examples

pytestmark = pytest.mark.as_root  # the first target brings a role
TABLE = "my-table"
OF = {"ServiceNamespace": "dynamodb", "ResourceId": f"table/{TABLE}"}
WRITE, READ = ({**OF, "ScalableDimension": f"dynamodb:table:{kind}CapacityUnits"} for kind in ("Write", "Read"))
EXAMPLES = {name: example for name, example in cli_examples("application-autoscaling").items() if "dynamodb" in example.command or "resource-arn" in example.command}


class World:
    def __init__(self, server):
        self.server, self.names = server, [("TestTable", TABLE)]
        self.scaling, self.dynamodb = (server.client(service, account=ACCOUNT, region=REGION) for service in ("application-autoscaling", "dynamodb"))
        self.dynamodb.create_table(TableName=TABLE, KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}], AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                                   ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 5})
        self.dynamodb.get_waiter("table_exists").wait(TableName=TABLE, WaiterConfig={"Delay": 0.05})
        for of in (WRITE, READ):
            arn = self.scaling.register_scalable_target(**of, MinCapacity=5, MaxCapacity=20, Tags={"environment": "production"})["ScalableTargetARN"]
        self.names.append((r"arn:\S+:scalable-target/\S+", arn))

    def at(self, minutes, name, low, high):
        when = self.server.now() + datetime.timedelta(minutes=minutes)
        self.scaling.put_scheduled_action(**WRITE, Schedule=f"at({when:%Y-%m-%dT%H:%M}:00)", ScheduledActionName=f"my-{name}-scheduled-action",
                                          ScalableTargetAction={"MinCapacity": low, "MaxCapacity": high})

    def schedules(self):
        self.at(10, "first", 15, 20)
        self.at(15, "second", 5, 10)


@pytest.mark.parametrize("name", EXAMPLES)
def test_example(start_brume, tmp_path, monkeypatch, name):
    world, example = World(start_brume()), EXAMPLES[name]
    if name.startswith("describe-sc"):
        world.schedules()
    if name.startswith("describe-scaling-activities"):
        world.server.advance_clock(20 * 60_000)
    answer = Terminal(world.server, tmp_path, monkeypatch).run(example, world.names)
    assert_documented(example.output, answer)
