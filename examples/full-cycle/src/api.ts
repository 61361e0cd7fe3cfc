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

/** The data of an answer; anything but success ends the program with what the server said. */
export function ok<T>(answer: { data?: T; error?: unknown; response: Response }): T {
  if (answer.data === undefined) {
    const { url, status } = answer.response;
    throw new Error(`${url} answered ${status}: ${JSON.stringify(answer.error)}`);
  }
  return answer.data;
}

/** The entity tag of an answer, which the next change of the resource must carry. */
export function tagOf(answer: { response: Response }): string {
  const tag = answer.response.headers.get("ETag");
  if (tag === null) throw new Error(`${answer.response.url} answered without ETag`);
  return tag;
}
