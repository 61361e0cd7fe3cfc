// After the release: people read their results, and a program takes the ratings away.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Api, asRead, ok, withKey } from "./api.js";
import type { Participant } from "./cycle.js";
import { each, say } from "./progress.js";
import { chance } from "./random.js";
import { reviews } from "./reviews.js";

/** One in so many does not accept the result. */
const DISAGREEING = 0.04;

/** Everybody reads their result and takes note of it; a few disagree. */
export async function answer(hr: Api, cycle: string, participants: Participant[], seed: number) {
  const reviewOf = await reviews(hr, cycle);
  await each("results read and answered", participants, async (participant) => {
    const { person } = participant;
    const id = reviewOf(participant);
    const read = await person.api.GET("/v1/reviews/{id}", { params: { path: { id } } });
    const params = asRead(id, read);
    if (chance(seed, "answer", person.number) < DISAGREEING) {
      const body = { text: "The second half of the year counted for too little" };
      ok(await person.api.POST("/v1/reviews/{id}/disagreement", { params, body }));
    } else {
      ok(await person.api.POST("/v1/reviews/{id}/acknowledgement", { params }));
    }
  });
}

const FORMATS = {
  "ratings.csv": "text/csv",
  "ratings.ndjson": "application/x-ndjson",
  "ratings.xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
};

/** Writes the ratings as a program with a key gets them, and the chart of the distribution. */
export async function takeAway(hr: Api, url: string, cycle: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const key = { name: "Payroll", scopes: ["ratings:export" as const] };
  const { secret } = ok(await hr.POST("/v1/api-keys", { body: key }));
  const payroll = withKey(url, secret ?? "");
  const save = async (name: string, content: ArrayBuffer) => {
    await writeFile(join(folder, name), Buffer.from(content));
    say(`${join(folder, name)}: ${content.byteLength} bytes`);
  };
  for (const [name, accept] of Object.entries(FORMATS)) {
    const file = await payroll.GET("/v1/ratings/export", {
      params: { query: { cycle_id: cycle } },
      headers: { Accept: accept },
      parseAs: "arrayBuffer",
    });
    await save(name, ok(file));
  }
  const chart = await hr.GET("/v1/cycles/{id}/distribution", {
    params: { path: { id: cycle } },
    headers: { Accept: "image/svg+xml" },
    parseAs: "arrayBuffer",
  });
  await save("distribution.svg", ok(chart));
}
