"""CloudWatch's dashboards: kept as they came, and refused in the words of AWS where they have no form."""
import json
import random

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def cw(brume):
    return brume.client("cloudwatch", account=f"{random.randrange(1, 10**12):012}")


def body(**properties):
    widget = {"type": "metric", "x": 0, "y": 0, "width": 6, "height": 6, "properties": {"metrics": [["AWS/EC2", "CPUUtilization", "InstanceId", "i-1", {"stat": "Sum"}]],
                                                                                         "region": "us-east-1", "view": "timeSeries", **properties}}
    return json.dumps({"widgets": [widget, {"type": "text", "properties": {"markdown": "hello"}}]})


def messages(cw, text):
    with pytest.raises(ClientError) as caught:
        cw.put_dashboard(DashboardName="d", DashboardBody=text)
    answer = caught.value.response
    assert answer["Error"]["Code"] == "InvalidParameterInput" and answer["ResponseMetadata"]["HTTPStatusCode"] == 400
    return answer["Error"]["Message"]


def test_dashboard_life(cw):
    assert cw.put_dashboard(DashboardName="d-1", DashboardBody=body(), Tags=[{"Key": "team", "Value": "blue"}])["DashboardValidationMessages"] == []
    cw.put_dashboard(DashboardName="other", DashboardBody='{"widgets":[]}')
    got = cw.get_dashboard(DashboardName="d-1")
    assert got["DashboardBody"] == body() and got["DashboardArn"].startswith("arn:aws:cloudwatch::") and got["DashboardArn"].endswith(":dashboard/d-1")
    entries = cw.list_dashboards()["DashboardEntries"]
    assert [(e["DashboardName"], e["Size"]) for e in entries] == [("d-1", len(body())), ("other", 14)]
    assert [e["DashboardName"] for e in cw.list_dashboards(DashboardNamePrefix="d")["DashboardEntries"]] == ["d-1"]
    assert cw.list_tags_for_resource(ResourceARN=got["DashboardArn"])["Tags"] == [{"Key": "team", "Value": "blue"}]
    with pytest.raises(ClientError) as caught:
        cw.delete_dashboards(DashboardNames=["d-1", "absent"])
    assert caught.value.response["Error"]["Code"] == "ResourceNotFound" and len(cw.list_dashboards()["DashboardEntries"]) == 2
    cw.delete_dashboards(DashboardNames=["d-1", "other"])
    assert cw.list_dashboards()["DashboardEntries"] == []
    with pytest.raises(ClientError) as caught:
        cw.get_dashboard(DashboardName="d-1")
    assert caught.value.response["Error"]["Message"] == "Dashboard d-1 does not exist"


def test_what_is_no_dashboard(cw):
    assert messages(cw, "no JSON") == "The field DashboardBody must be a valid JSON object"
    told = messages(cw, json.dumps({"widgets": [{"type": "metric", "width": 30, "properties": {"region": "us-east-1"}}, {"type": "text", "properties": {}}]}))
    assert told.startswith("The dashboard body is invalid, there are 5 validation errors:\n[\n")
    errors = json.loads(told[told.index("["):])
    assert {"dataPath": "/widgets/0/properties", "message": "Should have required property 'metrics'"} in errors
    assert {"dataPath": "/widgets/0/width", "message": "Should be <= 24"} in errors
    assert {"dataPath": "/widgets/1/properties", "message": "Should have required property 'markdown'"} in errors
    told = messages(cw, body(metrics=["AWS/EC2"]))
    assert "Field \\\"metrics\\\" has to be an array of array of strings, with an optional metricRenderer object as last element" in told
    assert messages(cw, body()[:-1] + ', "end": "P0D"}').endswith("Should have property start when property end is present\"\n  }\n]")
    with pytest.raises(ClientError) as caught:
        cw.put_dashboard(DashboardName="a b", DashboardBody=body())
    assert "DashboardName contains invalid characters" in caught.value.response["Error"]["Message"]
