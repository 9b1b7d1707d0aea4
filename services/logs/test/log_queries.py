"""What the tests of queries share."""
import time


def made(logs, *groups, **more):
    """Groups with a stream, s."""
    for group in groups:
        logs.create_log_group(logGroupName=group, **more)
        logs.create_log_stream(logGroupName=group, logStreamName="s")


def wait(logs, query):
    """The answer, when the query has ended."""
    for _ in range(1200):
        answer = logs.get_query_results(queryId=query)
        if answer["status"] not in ("Scheduled", "Running"):
            return answer
        time.sleep(0.05)
    raise AssertionError("the query does not end")


def rows(answer):
    return [{f["field"]: f["value"] for f in row if f["field"] != "@ptr"} for row in answer["results"]]


def ask_all(logs, query, *groups):
    """Rows and statistics, of the last hour."""
    now = int(time.time())
    answer = wait(logs, logs.start_query(logGroupNames=list(groups), startTime=now - 3600, endTime=now + 60, queryString=query)["queryId"])
    assert answer["status"] == "Complete"
    return rows(answer), answer["statistics"]
