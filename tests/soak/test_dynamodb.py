"""One order explains what 32 clients of DynamoDB saw, for longer than `make test` takes: BRUME_CHECK_SECONDS, 600 if unset."""
import os

os.environ.setdefault("BRUME_CHECK_SECONDS", "600")

from services.dynamodb.test.test_serialisability import test_one_order_explains_what_32_clients_saw  # noqa: E402, F401
