"""Work that is given to Celery: queued in SQS, its results in DynamoDB, as Celery's manual sets the two up."""
import os

from celery import Celery

host = os.environ["BRUME_HOST"]  # where AWS is: all that is not as it were in the cloud
app = Celery("shop", broker=f"sqs://test:test@{host}", backend=f"dynamodb://test:test@{host}/results?read=500&write=500&ttl_seconds=86400")
app.conf.update(broker_transport_options={"region": "us-east-1", "polling_interval": 0.1, "wait_time_seconds": 1, "visibility_timeout": 60},
                task_default_queue="shop", task_acks_late=True, task_reject_on_worker_lost=True, result_extended=True, worker_prefetch_multiplier=4)


@app.task
def square(n):
    return n * n


@app.task
def total(numbers):
    return sum(numbers)


@app.task(bind=True, max_retries=5)
def stubborn(self, n):
    if self.request.retries < 2:
        raise self.retry(countdown=1, exc=ValueError(f"not yet, {n}"))
    return [n, self.request.retries]


@app.task
def broken(n):
    raise KeyError(f"no {n}")

