"""Every operation of every service that brume has is refused to a user without rights, by a denial that names the action
of the published reference; and a user who may do exactly that action is not refused it any more."""
import pytest
from botocore.exceptions import ClientError

from every_operation import BARE, DENIED, OTHERWISE, User, named_action, rooms

ACCOUNT = "246813579135"


@pytest.fixture(scope="module")
def nobody(brume):
    return User(brume, ACCOUNT)


@pytest.mark.parametrize("room", rooms())
def test_a_user_without_rights_may_nothing(nobody, room):
    let_in, unclear = [], []
    for operation, actions, call in nobody.calls(room):
        try:
            call()
            let_in.append(operation)
        except ClientError as e:
            code, message = e.response["Error"]["Code"], e.response["Error"]["Message"]
            if code not in DENIED:
                unclear.append(f"{operation}: {code}: {message[:160]}")
            elif named_action(message) not in map(str.lower, actions) and (room, operation) not in BARE:
                unclear.append(f"{operation}: names none of {actions}: {message[:200]}")
        except Exception as e:  # botocore's own: it could not make the request
            unclear.append(f"{operation}: {type(e).__name__}: {str(e)[:160]}")
    assert not let_in, f"{room} let a user without rights do {let_in}"
    assert not unclear, "did not come to the gate:\n" + "\n".join(unclear)


@pytest.mark.parametrize("room", rooms())
def test_exactly_its_action_lets_a_user_in(brume, room):
    """Past the gate an operation may find that there is no such thing, or ask a further right (iam:PassRole)."""
    somebody = User(brume, f"24681358{1000 + rooms().index(room)}")
    refused = []
    for operation, actions, call in somebody.calls(room):
        somebody.may(actions)
        try:
            call()
        except ClientError as e:
            message = e.response["Error"]["Message"]
            other = named_action(message) not in [None, *map(str.lower, actions)]
            if e.response["Error"]["Code"] in DENIED and not other and (room, operation) not in OTHERWISE:
                refused.append(f"{operation}: {message[:200]}")
        except Exception:  # what it sends back may be for longer than this test (a subscription)
            pass
    assert not refused, "\n".join(refused)
