// The same first steps on another generator's client, whose functions are named after the operations.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { client } from "./generated/hey/client.gen.js";
import { createPosition, getMe, listEmployees, signIn, updatePosition } from "./generated/hey/sdk.gen.js";

const { EVENHAND_URL, EVENHAND_TENANT, EVENHAND_LOGIN, EVENHAND_PASSWORD } = process.env;
assert(EVENHAND_URL && EVENHAND_TENANT && EVENHAND_LOGIN && EVENHAND_PASSWORD);
client.setConfig({ baseUrl: EVENHAND_URL });

const session = await signIn({
  body: { tenant: EVENHAND_TENANT, login: EVENHAND_LOGIN, password: EVENHAND_PASSWORD },
  throwOnError: true,
});
client.setConfig({ auth: session.data.access_token });

const me = await getMe({ throwOnError: true });
assert(me.data.actions.includes("position.write"), "HR may write positions");

const people = await listEmployees({ query: { limit: 5 }, throwOnError: true });
const managed = people.data.items.find((person) => person.manager_id);
assert(managed?.manager_id, "somebody has a manager");
const manager = people.data.included?.employees?.[managed.manager_id];
assert(manager, "and the manager has a name");
console.log(`${managed.name} reports to ${manager.name}`);

const created = await createPosition({
  body: { code: `HEY-${randomUUID().slice(0, 8)}`, title: "Contract tester", level: 3 },
  throwOnError: true,
});
const stale = await updatePosition({
  path: { id: created.data.id },
  headers: { "If-Match": '"0-0"' },
  body: { title: "Too late" },
});
assert.equal(stale.error?.status, 412);
console.log("created position", created.data.code, "and refused a stale change:", stale.error.title);
