// A small script on the generated types, the way a frontend developer would write one.
// `tsc --strict` proves that the contract can be programmed against; the run proves it true.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import createClient from "openapi-fetch";
import type { paths } from "./generated/api.js";

type Problem =
  paths["/v1/positions/{id}"]["patch"]["responses"][412]["content"]["application/problem+json"];

/** A setting the caller of this script has to give. */
function setting(name: string): string {
  const value = process.env[name];
  assert(value, `${name} is not set`);
  return value;
}

/** The answer of a call that must succeed. */
function ok<T>(result: { data?: T; error?: Problem; response: Response }): T {
  const { data, error, response } = result;
  assert(data !== undefined, `${response.url} answered ${response.status}: ${JSON.stringify(error)}`);
  return data;
}

/** A header that an answer must carry. */
function header(response: Response, name: string): string {
  const value = response.headers.get(name);
  assert(value, `${response.url} answered without ${name}`);
  return value;
}

const api = createClient<paths>({ baseUrl: setting("EVENHAND_URL") });

const session = ok(
  await api.POST("/v1/auth/token", {
    body: {
      tenant: setting("EVENHAND_TENANT"),
      login: setting("EVENHAND_LOGIN"),
      password: setting("EVENHAND_PASSWORD"),
    },
  }),
);
assert.equal(session.token_type, "Bearer");
assert(session.expires_in > 0 && session.refresh_token.length > 0);
api.use({
  onRequest({ request }) {
    request.headers.set("Authorization", `Bearer ${session.access_token}`);
    return request;
  },
});

const me = ok(await api.GET("/v1/me"));
console.log("signed in as", me);

const toDos = ok(await api.GET("/v1/to-dos"));
assert(toDos.items.length > 0, "there is nothing to do in the company");
console.log("what waits:", toDos.items.map((toDo) => `${toDo.kind} by ${toDo.due_on}`).join(", "));

const first = ok(await api.GET("/v1/employees", { params: { query: { limit: 5 } } }));
assert(first.next_cursor, "a second page was expected");
const second = ok(
  await api.GET("/v1/employees", { params: { query: { limit: 5, cursor: first.next_cursor } } }),
);
const people = [...first.items, ...second.items];
assert.equal(people.length, 10);
assert.equal(new Set(people.map((person) => person.id)).size, 10, "no one is on both pages");
console.log("two pages of employees:", people.map((person) => person.name).join(", "));

const creation = {
  params: { header: { "Idempotency-Key": randomUUID() } },
  body: { code: `CONTRACT-${randomUUID().slice(0, 8)}`, title: "Contract tester", level: 3 },
};
const created = await api.POST("/v1/positions", creation);
const position = ok(created);
assert.equal(created.response.status, 201);
assert.equal(created.response.headers.get("Idempotency-Replayed"), null);

const repeated = await api.POST("/v1/positions", creation);
assert.deepEqual(ok(repeated), position);
assert.equal(header(repeated.response, "Idempotency-Replayed"), "true");
console.log("created position", position.code, "once, though sent twice");

const rename = (title: string, etag: string) =>
  api.PATCH("/v1/positions/{id}", {
    params: { path: { id: position.id }, header: { "If-Match": etag } },
    headers: { "Content-Type": "application/merge-patch+json" },
    body: { title },
  });
const etag = header(created.response, "ETag");
const renamed = await rename("Senior contract tester", etag);
assert.equal(ok(renamed).title, "Senior contract tester");
assert.equal(ok(renamed).level, position.level, "a merge patch leaves the rest as it was");
assert.notEqual(header(renamed.response, "ETag"), etag);

const refused = await rename("Too late", etag);
const problem: Problem | undefined = refused.error;
assert(problem, "a stale If-Match was accepted");
assert.equal(refused.response.status, 412);
assert.equal(problem.status, 412);
assert(problem.request_id && problem.type.includes("/problems/"));
console.log("a stale change was refused:", problem.type, "-", problem.title);
