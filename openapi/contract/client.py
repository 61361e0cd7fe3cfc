"""The same first steps in Python, typed strictly, on a generated client."""

import os
from typing import TypeVar
from uuid import uuid4

from evenhand_client import AuthenticatedClient, Client
from evenhand_client.api.auth import sign_in
from evenhand_client.api.employees import list_employees
from evenhand_client.api.me import get_me
from evenhand_client.api.positions import create_position, update_position
from evenhand_client.models import NewPosition, PositionPatch, Problem, SignIn

T = TypeVar("T")


def ok(answer: T | Problem | None) -> T:
    """The answer of a call that must succeed."""
    assert answer is not None and not isinstance(answer, Problem), answer
    return answer


url = os.environ["EVENHAND_URL"]
credentials = SignIn(
    tenant=os.environ["EVENHAND_TENANT"],
    login=os.environ["EVENHAND_LOGIN"],
    password=os.environ["EVENHAND_PASSWORD"],
)
session = ok(sign_in.sync(client=Client(base_url=url), body=credentials))
client = AuthenticatedClient(base_url=url, token=session.access_token)

me = ok(get_me.sync(client=client))
people = ok(list_employees.sync(client=client, limit=5))
print(f"signed in as {me.name}; the first of the people is {people.items[0].name}")

new = NewPosition(code=f"PY-{uuid4().hex[:8]}", title="Contract tester", level=3)
position = ok(create_position.sync(client=client, body=new))
stale = update_position.sync(
    position.id, client=client, body=PositionPatch(title="Too late"), if_match='"0-0"'
)
assert isinstance(stale, Problem) and stale.status == 412, stale
print(f"created position {position.code} and refused a stale change: {stale.title}")
