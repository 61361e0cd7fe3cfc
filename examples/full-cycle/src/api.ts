// Signing in, retrying and reading answers: what a program needs around the generated client.
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import createClient, { type Client } from "openapi-fetch";
import type { components, paths } from "./contract.js";

export type Api = Client<paths>;
export type Schemas = components["schemas"];

const ATTEMPTS = 6;
/** An access token is renewed when it has less than this left. */
const MARGIN_MS = 30_000;

/** Sends a request again where the network or a busy server says so; changes carry a key, so that
 *  no retry does anything twice. */
async function patiently(request: Request): Promise<Response> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const response = await fetch(request.clone());
      const passing = response.status === 429 || response.status === 503;
      if (!passing || attempt === ATTEMPTS) return response;
      const wait = Number(response.headers.get("Retry-After") ?? 1);
      await sleep(wait * 1000);
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
      await sleep(200 * 2 ** attempt);
    }
  }
}

/** A client that nobody has signed in to. */
export function open(url: string): Api {
  const api = createClient<paths>({ baseUrl: url, fetch: patiently });
  api.use({
    onRequest({ request }) {
      if (request.method !== "GET") request.headers.set("Idempotency-Key", randomUUID());
      return request;
    },
  });
  return api;
}

/** A client for a program with a key. */
export function withKey(url: string, key: string): Api {
  const api = open(url);
  api.use({
    onRequest({ request }) {
      request.headers.set("X-Api-Key", key);
      return request;
    },
  });
  return api;
}

/** A client for a person, whose session is renewed as it goes. */
export async function signIn(
  url: string,
  who: { tenant: string; login: string; password: string },
): Promise<Api> {
  const door = open(url);
  let pair = ok(await door.POST("/v1/auth/token", { body: who }));
  let ends = Date.now() + pair.expires_in * 1000;
  let renewal: Promise<void> | undefined;
  const renew = async () => {
    const body = { refresh_token: pair.refresh_token };
    pair = ok(await door.POST("/v1/auth/refresh", { body }));
    ends = Date.now() + pair.expires_in * 1000;
    renewal = undefined;
  };
  const api = open(url);
  api.use({
    async onRequest({ request }) {
      if (Date.now() > ends - MARGIN_MS) await (renewal ??= renew());
      request.headers.set("Authorization", `Bearer ${pair.access_token}`);
      return request;
    },
  });
  return api;
}

/** What the client answers: data where it went well. */
interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The data of an answer; anything but success ends the program with what the server said. */
export function ok<T>(answer: Answer<T>): T {
  const { url, status, ok } = answer.response;
  if (!ok) throw new Error(`${url} answered ${status}: ${JSON.stringify(answer.error)}`);
  return answer.data as T;
}

/** The parameters of a change of what was just read: should somebody else have changed it in
 *  between, the server refuses. */
export function asRead(id: string, read: { response: Response }) {
  const tag = read.response.headers.get("ETag");
  if (tag === null) throw new Error(`${read.response.url} answered without ETag`);
  return { path: { id }, header: { "If-Match": tag } };
}

/** Everything in a list, page by page. */
export async function all<T>(
  read: (page: { limit: number; cursor?: string }) => Promise<
    Answer<{ items: T[]; next_cursor?: string | null }>
  >,
): Promise<T[]> {
  const items: T[] = [];
  let page: { limit: number; cursor?: string } = { limit: 200 };
  for (;;) {
    const { items: more, next_cursor: cursor } = ok(await read(page));
    items.push(...more);
    if (cursor == null) return items;
    page = { limit: 200, cursor };
  }
}

/** What must be there under a key. */
export function held<K, V>(map: Map<K, V>, key: K): V {
  const value = map.get(key);
  if (value === undefined) throw new Error(`nothing is known of ${key}`);
  return value;
}

/** What came out of work that the server does at once for a few people (200) and as a job for
 *  many (202), which is followed to its end. */
export async function outcome<T>(
  api: Api,
  answer: Answer<T>,
): Promise<Exclude<T, Schemas["Job"]> | Schemas["JobResult"]> {
  const data = ok(answer);
  if (answer.response.status !== 202) return data as Exclude<T, Schemas["Job"]>;
  const { id } = data as Schemas["Job"];
  for (;;) {
    const read = await api.GET("/v1/jobs/{id}", { params: { path: { id } } });
    const job = ok(read);
    if (job.state === "succeeded" && job.result) return job.result;
    if (job.state === "failed") throw new Error(`job ${id}: ${JSON.stringify(job.problem)}`);
    await sleep(1000 * Number(read.response.headers.get("Retry-After") ?? 0.5));
  }
}
