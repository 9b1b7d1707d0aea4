"""CloudWatch's metrics through the front door: put, listed, read as statistics and by metric math."""
import datetime
import random

import botocore.config
import pytest
from kit import name, refused

PROTOCOLS = ["smithy-rpc-v2-cbor", "json", "query"]


def minute(now, ago):
    return now.replace(second=0, microsecond=0) - datetime.timedelta(minutes=ago)


@pytest.fixture
def now():
    return datetime.datetime.now(datetime.timezone.utc)


@pytest.fixture
def account():
    return f"{random.randrange(1, 10**12):012}"


@pytest.fixture
def cw(brume, account):
    return brume.client("cloudwatch", account=account)


def statistics(cw, now, space, metric="m", period=3600, **more):
    if "ExtendedStatistics" not in more:
        more.setdefault("Statistics", ["SampleCount", "Average", "Sum", "Minimum", "Maximum"])
    return cw.get_metric_statistics(Namespace=space, MetricName=metric, StartTime=minute(now, 58), EndTime=minute(now, -1), Period=period, **more)["Datapoints"]


def stat(id, space, metric="m", what="Sum", period=60, **more):
    return {"Id": id, "MetricStat": {"Metric": {"Namespace": space, "MetricName": metric}, "Period": period, "Stat": what}, **more}


def values(answer):
    return {r["Id"]: r["Values"] for r in answer["MetricDataResults"]}


def test_values_statistics_and_percentiles(cw, now):
    space, at = name(), minute(now, 3)
    cw.put_metric_data(Namespace=space, MetricData=[
        {"MetricName": "m", "Timestamp": at, "Value": 5, "Unit": "Seconds"},
        {"MetricName": "m", "Timestamp": at, "Values": [1.0, 10.0], "Counts": [2.0, 7.0], "Unit": "Seconds"}])
    [point] = statistics(cw, now, space)
    assert (point["SampleCount"], point["Sum"], point["Minimum"], point["Maximum"], point["Average"], point["Unit"]) == (10, 77, 1, 10, 7.7, "Seconds")
    [point] = statistics(cw, now, space, ExtendedStatistics=["p20", "p30", "p99", "tm30", "TC(:5)", "PR(:5)"])
    assert point["ExtendedStatistics"] == {"p20": 1, "p30": 5, "p99": 10, "tm30": pytest.approx(7 / 3), "TC(:5)": 3, "PR(:5)": 30}
    cw.put_metric_data(Namespace=space, MetricData=[{"MetricName": "m", "Timestamp": at, "Unit": "Seconds", "StatisticValues": {
        "SampleCount": 2, "Sum": 110, "Minimum": 50, "Maximum": 60}}])
    [point] = statistics(cw, now, space)
    assert (point["SampleCount"], point["Sum"], point["Maximum"]) == (12, 187, 60)
    assert not statistics(cw, now, space, ExtendedStatistics=["p50"])[0].get("ExtendedStatistics")  # a set does not tell


def test_units_stand_apart(cw, now):
    space = name()
    cw.put_metric_data(Namespace=space, MetricData=[{"MetricName": "m", "Value": 1, "Unit": "Seconds", "Timestamp": minute(now, 2)},
                                                    {"MetricName": "m", "Value": 2, "Unit": "Bytes", "Timestamp": minute(now, 2)}])
    assert sorted((p["Unit"], p["Sum"]) for p in statistics(cw, now, space)) == [("Bytes", 2), ("Seconds", 1)]
    assert [p["Sum"] for p in statistics(cw, now, space, Unit="Seconds")] == [1]


def test_periods_and_high_resolution(cw, now):
    space, at = name(), minute(now, 5)
    for second in (0, 5, 15):
        cw.put_metric_data(Namespace=space, MetricData=[{"MetricName": "m", "Value": second, "StorageResolution": 1, "Timestamp": at + datetime.timedelta(seconds=second)}])
    points = cw.get_metric_statistics(Namespace=space, MetricName="m", StartTime=at, EndTime=minute(now, 4), Period=10, Statistics=["SampleCount"])["Datapoints"]
    assert sorted((p["Timestamp"], p["SampleCount"]) for p in points) == [(at, 2), (at + datetime.timedelta(seconds=10), 1)]
    assert [p["Sum"] for p in statistics(cw, now, space, period=60)] == [20]


def test_many_values_keep_their_percentiles_roughly(cw, now):
    space, at = name(), minute(now, 2)
    for begin in range(1, 1000, 150):
        cw.put_metric_data(Namespace=space, MetricData=[{"MetricName": "m", "Timestamp": at, "Values": [float(v) for v in range(begin, min(begin + 150, 1001))]}])
    [point] = statistics(cw, now, space, Statistics=["SampleCount", "Sum"], ExtendedStatistics=["p50", "p99"])
    assert point["SampleCount"] == 1000 and point["Sum"] == 500500
    assert point["ExtendedStatistics"]["p50"] == pytest.approx(500, rel=0.05)
    assert point["ExtendedStatistics"]["p99"] == pytest.approx(990, rel=0.05)


def test_refusals_in_the_words_of_aws(cw, now):
    def put(**datum):
        return {"Namespace": "n", "MetricData": [{"MetricName": "m", **datum}]}
    both = "The parameters MetricData.member.1.Value and MetricData.member.1.%s are mutually exclusive and you have specified both."
    assert refused("InvalidParameterCombination", cw.put_metric_data, **put(Value=1, Values=[1.0])) == both % "Values"
    a_set = {"SampleCount": 1, "Sum": 1, "Minimum": 1, "Maximum": 1}
    assert refused("InvalidParameterCombination", cw.put_metric_data, **put(Value=1, StatisticValues=a_set)) == both % "StatisticValues"
    assert refused("InvalidParameterValue", cw.put_metric_data, **put(Values=[1.0, 2.0], Counts=[1.0])) == \
        "The parameters MetricData.member.1.Values and MetricData.member.1.Counts must be of the same size."
    refused("InvalidParameterValue", cw.put_metric_data, **put(Value=1, Timestamp=now - datetime.timedelta(days=15)))
    refused("InvalidParameterValue", cw.put_metric_data, **put(Value=1, Timestamp=now + datetime.timedelta(hours=3)))
    refused("InvalidParameterValue", cw.put_metric_data, **put(Value=1, StorageResolution=5))
    refused("InvalidParameterValue", cw.put_metric_data, **put(Value=float("nan")))
    refused("InvalidParameterValue", cw.put_metric_data, Namespace="AWS/EC2", MetricData=[{"MetricName": "m", "Value": 1}])
    assert not cw.list_metrics(Namespace="n")["Metrics"]
    refused("InvalidParameterCombination", cw.get_metric_statistics, Namespace="n", MetricName="m", StartTime=now - datetime.timedelta(days=2), EndTime=now, Period=60,
            Statistics=["Sum"])


def test_metrics_are_listed_by_what_they_are(cw):
    space, other = name(), name()
    for i in range(520):
        if i % 130 == 0:
            cw.put_metric_data(Namespace=space, MetricData=[{"MetricName": "m", "Value": 1, "Dimensions": [
                {"Name": "number", "Value": str(n)}, {"Name": "kind", "Value": "odd" if n % 2 else "even"}]} for n in range(i, i + 130)])
    cw.put_metric_data(Namespace=other, MetricData=[{"MetricName": "m", "Value": 1}])
    assert len(cw.list_metrics(Namespace=space)["Metrics"]) == 500
    found = [m for page in cw.get_paginator("list_metrics").paginate(Namespace=space) for m in page["Metrics"]]
    assert len(found) == 520 and [d["Name"] for d in found[0]["Dimensions"]] == ["kind", "number"]
    assert len(cw.list_metrics(Namespace=space, Dimensions=[{"Name": "kind", "Value": "odd"}])["Metrics"]) == 260
    assert len(cw.list_metrics(Namespace=space, Dimensions=[{"Name": "number", "Value": "7"}, {"Name": "kind"}])["Metrics"]) == 1
    assert cw.list_metrics(Namespace=other, MetricName="m")["Metrics"] == [{"Namespace": other, "MetricName": "m", "Dimensions": []}]
    assert not cw.list_metrics(Namespace=other, MetricName="absent")["Metrics"]
    linked = cw.list_metrics(Namespace=other, IncludeLinkedAccounts=True)
    assert len(linked["Metrics"]) == len(linked["OwningAccounts"]) == 1
    assert not cw.list_metrics(IncludeLinkedAccounts=True, OwningAccount="999999999999")["Metrics"]


def test_a_metric_without_data_leaves_the_list_after_15_days(start_brume):
    brume = start_brume()
    cw = brume.client("cloudwatch")
    cw.put_metric_data(Namespace="n", MetricData=[{"MetricName": "m", "Value": 4}])
    brume.advance_clock(4 * 3600 * 1000)
    assert cw.list_metrics(Namespace="n")["Metrics"] and not cw.list_metrics(Namespace="n", RecentlyActive="PT3H")["Metrics"]
    brume.advance_clock(15 * 86400 * 1000)
    assert not cw.list_metrics(Namespace="n")["Metrics"]
    now = datetime.datetime.now(datetime.timezone.utc)
    window = {"StartTime": now - datetime.timedelta(hours=1), "EndTime": now + datetime.timedelta(minutes=1), "MetricDataQueries": [stat("m", "n", period=300)]}
    assert values(cw.get_metric_data(**window)) == {"m": [4]}  # the data is kept for 455 days
    window["MetricDataQueries"] = [stat("m", "n", period=3600)]
    brume.advance_clock(457 * 86400 * 1000)
    assert values(cw.get_metric_data(**window)) == {"m": []}


def test_metric_math(cw, now):
    space = name()
    cw.put_metric_data(Namespace=space, MetricData=[{"MetricName": "m", "Value": v, "Timestamp": minute(now, 4 - i)} for i, v in enumerate((2, 4, 6))] +
                       [{"MetricName": "o", "Value": 1, "Timestamp": minute(now, 4)}])
    answer = cw.get_metric_data(StartTime=minute(now, 4), EndTime=minute(now, 1), ScanBy="TimestampAscending", MetricDataQueries=[
        stat("m1", space, Label="mine"), stat("m2", space, "o", ReturnData=False), {"Id": "half", "Expression": "m1 / 2", "Label": "halves"},
        {"Id": "both", "Expression": "m1 + FILL(m2, 0)"}, {"Id": "all", "Expression": "SUM(METRICS())"}, {"Id": "again", "Expression": "half * 10"}])
    assert values(answer) == {"m1": [2, 4, 6], "half": [1, 2, 3], "both": [3, 4, 6], "all": [3, 4, 6], "again": [10, 20, 30]}
    assert [r["Label"] for r in answer["MetricDataResults"]] == ["mine", "halves", "both", "all", "again"]
    window = {"StartTime": minute(now, 4), "EndTime": minute(now, 1)}
    assert "nothere" in refused("ValidationError", cw.get_metric_data, MetricDataQueries=[{"Id": "e", "Expression": "nothere+1"}], **window)
    assert "circle" in refused("ValidationError", cw.get_metric_data, MetricDataQueries=[{"Id": "a", "Expression": "b+1"}, {"Id": "b", "Expression": "a+1"}], **window)
    assert "SERVICE_QUOTA" in refused("ValidationError", cw.get_metric_data, MetricDataQueries=[{"Id": "e", "Expression": "SERVICE_QUOTA(all)"}], **window)
    assert "incomplete" in refused("ValidationError", cw.get_metric_data, MetricDataQueries=[{"Id": "e", "Expression": "SEARCH('{n} NOT', 'Sum')"}], **window)


def test_metric_data_in_pages_newest_first(cw, now):
    space = name()
    cw.put_metric_data(Namespace=space, MetricData=[{"MetricName": "m", "Value": i, "Timestamp": minute(now, 10 - i)} for i in range(7)])
    queries = [stat("a", space), stat("b", space, what="Maximum")]
    window = {"StartTime": minute(now, 10), "EndTime": minute(now, 0), "MetricDataQueries": queries, "MaxDatapoints": 5}
    seen, token, pages = {"a": [], "b": []}, {}, 0
    while True:
        page = cw.get_metric_data(**window, **token)
        pages += 1
        for result in page["MetricDataResults"]:
            assert len(result["Values"]) == len(result["Timestamps"])
            seen[result["Id"]] += result["Values"]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert pages == 3 and seen == {"a": [6, 5, 4, 3, 2, 1, 0], "b": [6, 5, 4, 3, 2, 1, 0]}
    first = cw.get_metric_data(**{**window, "MaxDatapoints": 100})
    assert [(r["Label"], r["StatusCode"]) for r in first["MetricDataResults"]] == [("m Sum", "Complete"), ("m Maximum", "Complete")]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_all_protocols(brume, account, now, protocol, monkeypatch):
    import boto3
    session = boto3.Session(region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
    loader = session._session.get_component("data_loader")
    model = loader.load_service_model("cloudwatch", "service-2")
    model["metadata"]["protocol"], model["metadata"]["protocols"] = protocol, [protocol]
    if protocol == "json":
        model["metadata"].update(jsonVersion="1.0", targetPrefix="GraniteServiceVersion20100801")
    monkeypatch.setattr(loader, "load_service_model", lambda service, kind, old=loader.load_service_model, **more: model if (service, kind) == ("cloudwatch", "service-2")
                        else old(service, kind, **more))
    cw = session.client("cloudwatch", endpoint_url=f"http://localhost:{brume.port}", config=botocore.config.Config(retries={"max_attempts": 1}))
    assert cw.meta.service_model.resolved_protocol == protocol
    space = name()
    cw.put_metric_data(Namespace=space, MetricData=[{"MetricName": "m", "Values": [1.5, 2.5], "Counts": [1.0, 2.0], "Timestamp": minute(now, 2),
                                                     "Dimensions": [{"Name": "a", "Value": "<&>"}]}])
    assert cw.list_metrics(Namespace=space)["Metrics"] == [{"Namespace": space, "MetricName": "m", "Dimensions": [{"Name": "a", "Value": "<&>"}]}]
    query = stat("some", space)
    query["MetricStat"]["Metric"]["Dimensions"] = [{"Name": "a", "Value": "<&>"}]
    answer = cw.get_metric_data(StartTime=minute(now, 5), EndTime=minute(now, 0), MetricDataQueries=[query])
    assert answer["MetricDataResults"] == [{"Id": "some", "Label": "m", "StatusCode": "Complete", "Timestamps": [minute(now, 2)], "Values": [6.5]}]
    assert answer.get("Messages", []) == []
    assert refused("InvalidParameterCombination", cw.put_metric_data, Namespace=space, MetricData=[{"MetricName": "m", "Value": 1, "Values": [1.0]}])


def test_old_data_is_there_in_longer_periods(start_brume):
    """1 second for 3 hours, 1 minute for 15 days, 5 minutes for 63 days, 1 hour for 455 days."""
    brume = start_brume()
    cw = brume.client("cloudwatch")
    at = minute(datetime.datetime.now(datetime.timezone.utc), 6)
    cw.put_metric_data(Namespace="n", MetricData=[{"MetricName": "m", "Value": v, "StorageResolution": 1, "Timestamp": at + datetime.timedelta(seconds=s)} for s, v in ((1, 5), (70, 7))])

    def sums(period):
        return [sum(values(cw.get_metric_data(StartTime=at - datetime.timedelta(hours=2), EndTime=at + datetime.timedelta(hours=2), MetricDataQueries=[stat("m", "n", period=period)]))["m"])]
    seen = {}
    for hours in (0, 4, 16 * 24, 70 * 24, 456 * 24 + 2):
        brume.advance_clock(hours * 3600 * 1000 - sum(seen))
        seen = [hours * 3600 * 1000]
        expected = {0: (12, 12, 12, 12), 4: (0, 12, 12, 12), 16 * 24: (0, 0, 12, 12), 70 * 24: (0, 0, 0, 12)}.get(hours, (0, 0, 0, 0))
        assert tuple(sums(p)[0] for p in (10, 60, 300, 3600)) == expected, hours


def test_old_data_is_united_on_the_disk(start_brume, tmp_path):
    """3,000 minutes become 600 rows of five minutes, then 50 of hours, and 3,000 seconds 50 of minutes: the same is read."""
    server = start_brume()
    cw = server.client("cloudwatch")
    hour = datetime.datetime.now(datetime.timezone.utc).replace(minute=0, second=0, microsecond=0)
    born = hour - datetime.timedelta(hours=51)

    def size():
        server.admin("POST", "snapshot", file=tmp_path / "cloud")
        return (tmp_path / "cloud").stat().st_size
    empty = size()
    for first in range(0, 3000, 1000):
        cw.put_metric_data(Namespace="n", MetricData=[{"MetricName": "m", "Values": [i, i + 0.5], "Counts": [2, 1], "Timestamp": born + datetime.timedelta(minutes=i)}
                                                      for i in range(first, first + 1000)])
        cw.put_metric_data(Namespace="n", MetricData=[{"MetricName": "m", "Unit": "Count", "Value": i % 100, "StorageResolution": 1, "Timestamp": hour - datetime.timedelta(seconds=i + 1)}
                                                      for i in range(first, first + 1000)])

    def read():
        answer = cw.get_metric_statistics(Namespace="n", MetricName="m", StartTime=born, EndTime=hour, Period=3600,
                                          Statistics=["Sum", "SampleCount", "Minimum", "Maximum"], ExtendedStatistics=["p50", "p99"])["Datapoints"]
        return sorted((d.pop("Timestamp") - born, d.pop("Unit"), *sorted(d.items(), key=lambda item: str(item[0]))) for d in answer)
    before, sizes, passed = read(), [size() - empty], 0
    assert len(before) == 51
    for days in (3, 19, 67):
        server.advance_clock((days - passed) * 86400 * 1000)
        passed = days
        sizes.append(size() - empty)
        assert read() == before, days
    united = [before - after for before, after in zip(sizes, sizes[1:])]  # bytes of a saved cloud: about 2,950, 2,450 and 590 rows less
    assert united[0] > 100_000 and united[1] > 150_000 and united[2] > 100_000, sizes


def test_search_finds_metrics_by_words(cw, now):
    space = name()
    cw.put_metric_data(Namespace=space, MetricData=[{"MetricName": m, "Value": v, "Timestamp": minute(now, 3), "Dimensions": [{"Name": "QueueName", "Value": q}]}
                                                    for m, q, v in (("MessagesSent", "orders", 1), ("MessagesSent", "bills", 2), ("MessagesGone", "orders", 4))] +
                       [{"MetricName": "MessagesSent", "Value": 8, "Timestamp": minute(now, 3)}])

    def found(text, **more):
        answer = cw.get_metric_data(StartTime=minute(now, 10), EndTime=minute(now, 0), MetricDataQueries=[{"Id": "e", "Expression": f"SEARCH('{text}', 'Sum', 60)", **more}])
        return {r["Label"]: r["Values"] for r in answer["MetricDataResults"]}
    assert found(f"{{{space},QueueName}} sent") == {"orders MessagesSent": [1], "bills MessagesSent": [2]}
    assert found(f"{{{space}}} messages") == {"MessagesSent": [8]}
    assert found(f'Namespace="{space}" QueueName=orders NOT MetricName="MessagesSent"') == {"orders MessagesGone": [4]}
    assert found(f'Namespace="{space}" (gone OR bills)') == {"orders MessagesGone": [4], "bills MessagesSent": [2]}
    assert found(f'Namespace="{space}" MessagesSe') == {}
    assert found(f"{{{space},QueueName}} gone", Label="${PROP('Region')}: ${LABEL} ${MAX}") == {"us-east-1: orders MessagesGone 4": [4]}
    total = cw.get_metric_data(StartTime=minute(now, 10), EndTime=minute(now, 0), MetricDataQueries=[
        {"Id": "e", "Expression": f"SUM(SEARCH('{{{space},QueueName}} sent', 'Sum', 60))"},
        {"Id": "top", "Expression": f"SORT(SEARCH('{{{space},QueueName}} messages', 'Sum', 60), MAX, DESC, 1)"}])
    assert [r["Values"] for r in total["MetricDataResults"]] == [[3], [4]]


def test_labels_tell_of_the_data(cw, now):
    space = name()
    cw.put_metric_data(Namespace=space, MetricData=[{"MetricName": "m", "Value": v, "Timestamp": minute(now, 4 - i)} for i, v in enumerate((2, 8, 5))])
    label = "${LABEL} ${MIN}-${MAX} of ${DATAPOINT_COUNT}, ${AVG}, at last ${LAST}, ${PROP('MetricName')} ${PROP('Stat')} ${other}"
    answer = cw.get_metric_data(StartTime=minute(now, 5), EndTime=minute(now, 0), MetricDataQueries=[stat("a", space, Label=label), stat("b", space, Label="at ${MAX_TIME}")],
                                LabelOptions={"Timezone": "+0100"})
    labels = [r["Label"] for r in answer["MetricDataResults"]]
    assert labels == ["m 2-8 of 3, 5, at last 5, m Sum ${other}", f"at {minute(now, 3) + datetime.timedelta(hours=1):%Y-%m-%d %H:%M:%S}"]
