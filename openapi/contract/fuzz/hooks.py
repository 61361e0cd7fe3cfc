"""Hooks of Schemathesis: they sign in as EVENHAND_LOGIN, put ids that exist and a version that holds into generated
requests, so that these get further than the first refusal, and look at why requests were refused."""

import os
import time
import uuid

import requests
import schemathesis

URL = os.environ["EVENHAND_URL"]
CREDENTIALS = {name: os.environ[f"EVENHAND_{name.upper()}"] for name in ("tenant", "login", "password")}
# Codes of faults of form that a schema can tell. What the contract allows must not be refused with one of them.
# Not among them: what the contract says in words, such as that texts have no control characters and that limits of
# decimals are numbers, and `not_allowed`, which is said of the values of other properties as well.
FORM = {
    "unknown_property", "wrong_type", "required", "pattern", "not_a_date", "not_a_uuid", "not_an_email", "too_long",
    "too_short", "too_large", "too_small", "too_many",
}
# Further codes for which a query is refused with 400: of made-up names and cursors, and of the above.
NAMES = {"charset_unknown", "unknown_event_type", "control_character", "not_allowed"}
# Parameters that hold a small language of their own.
GRAMMARS = {"/query/columns", "/query/mapping"}


def sign_in():
    for _ in range(5):
        answer = requests.post(f"{URL}/v1/auth/token", json=CREDENTIALS, timeout=30)
        if answer.status_code == 200:
            return answer.json()["access_token"]
        time.sleep(1)
    raise SystemExit(f"cannot sign in: {answer.status_code} {answer.text}")


@schemathesis.auth(refresh_interval=240)
class Token:
    def get(self, case, context):
        return sign_in()

    def set(self, case, data, context):
        case.headers = case.headers or {}
        case.headers["Authorization"] = f"Bearer {data}"


# Where ids are found: by the first part of a path, and by the name of a property.
NOUNS = {
    "accounts": "accounts", "api-keys": "api-keys", "audit-entries": "audit-entries", "cycles": "cycles",
    "calibration-sessions": "calibration-sessions", "dependencies": "dependencies", "employees": "employees",
    "goals": "goals", "jobs": "jobs", "org-units": "org-units", "participants": "participants", "policies": "policies",
    "positions": "positions", "results": "reviews", "reviews": "reviews", "role-assignments": "role-assignments",
    "weight-adjustments": "weight-adjustments",
}
FIELDS = {
    "account_id": "accounts", "actor_id": "accounts", "owner_account_id": "accounts", "cycle_id": "cycles",
    "employee_id": "employees", "manager_id": "employees", "owner_id": "employees", "goal_id": "goals",
    "from_goal_id": "goals", "to_goal_id": "goals", "department_id": "org-units", "org_unit_id": "org-units",
    "within_org_unit_id": "org-units", "policy_id": "policies", "position_id": "positions", "review_id": "reviews",
    "resource_id": "goals", "participant_id": "participants",
}
POOLS = {}


def pool(noun):
    if not POOLS:
        head = {"Authorization": f"Bearer {sign_in()}"}
        for one in set(NOUNS.values()):
            answer = requests.get(f"{URL}/v1/{one}?limit=50", headers=head, timeout=30)
            POOLS[one] = [x["id"] for x in answer.json()["items"]] if answer.status_code == 200 else []
    return POOLS.get(noun, [])


def real(noun, value):
    """One of four ids stays as it was generated."""
    try:
        number = uuid.UUID(value).int
    except (ValueError, AttributeError, TypeError):
        return value
    ids = pool(noun)
    return ids[(number >> 2) % len(ids)] if ids and number % 4 else value


def walk(value):
    if isinstance(value, dict):
        return {
            key: real(FIELDS[key], inner) if key in FIELDS and isinstance(inner, str) else walk(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [walk(inner) for inner in value]
    return value


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    noun = NOUNS.get(context.operation.path.split("/")[2]) if context.operation.path.startswith("/v1/") else None
    if noun and path_parameters and isinstance(path_parameters.get("id"), str):
        path_parameters = {**path_parameters, "id": real(noun, path_parameters["id"])}
    return path_parameters


@schemathesis.hook
def map_query(context, query):
    return walk(query) if query else query


@schemathesis.hook
def map_body(context, body):
    return walk(body)


@schemathesis.hook
def before_call(context, case, kwargs):
    """Any version will do, where one is given: tests of the versions are elsewhere."""
    if case.headers:
        for name in list(case.headers):
            if name.lower() == "if-match":
                case.headers[name] = "*"
            if name.lower() == "if-none-match" and len(case.headers[name]) % 2:
                case.headers[name] = "*"


@schemathesis.check
def form_of_valid_data(ctx, response, case):
    """What the contract allows is not refused for its form."""
    meta = case.meta
    if meta is None or not meta.generation.mode.is_positive or response.status_code not in (400, 422):
        return
    kind = (response.headers.get("content-type") or [""])[0]
    if "problem+json" not in kind:
        return
    problem = response.json()
    if problem["type"] == "/problems/cursor-invalid":
        return
    faults = problem.get("errors", [])
    # What a body needs may depend on its other properties: a unit has a parent unless it is the company.
    form = FORM - {"required"} if response.status_code == 422 else FORM
    form = [fault for fault in faults if fault["code"] in form and fault["pointer"] not in GRAMMARS]
    is_named = any(fault["code"] in NAMES or fault["pointer"] in GRAMMARS for fault in faults)
    if form or (response.status_code == 400 and not is_named):
        raise AssertionError(f"valid for the contract, but {response.status_code}: {form or problem}")


@schemathesis.serializer("application/x-ndjson", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
def text(ctx, value):
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")
