// Reviews: what people write about themselves, and how their managers rate them.
import { type Api, type Schemas, all, asRead, ok } from "./api.js";
import { type Participant, RATED } from "./cycle.js";
import { each } from "./progress.js";
import { leaning, rating } from "./random.js";

type Side = "self-review" | "manager-review";

/** Everybody looks back on the year. */
export async function selfReviews(hr: Api, cycle: string, participants: Participant[], seed: number) {
  const reviews = await reviewIds(hr, cycle);
  await each("self-reviews", participants, ({ id, person }) =>
    handIn(person.api, reviews.get(id) ?? "", "self-review", seed, person.number),
  );
}

/** Managers rate, each rating with what shows it. */
export async function managerReviews(
  hr: Api,
  cycle: string,
  participants: Participant[],
  seed: number,
) {
  const reviews = await reviewIds(hr, cycle);
  await each("manager reviews", participants, ({ id, person, manager }) =>
    handIn(manager.api, reviews.get(id) ?? "", "manager-review", seed, person.number),
  );
}

/** Reviews by participant. */
export async function reviewIds(api: Api, cycle: string): Promise<Map<string, string>> {
  const reviews = await all((page) =>
    api.GET("/v1/reviews", { params: { query: { cycle_id: cycle, ...page } } }),
  );
  return new Map(reviews.map((review) => [review.participant_id, review.id]));
}

/** Writes one side of a review and hands in what has been written. */
async function handIn(api: Api, id: string, side: Side, seed: number, number: string) {
  const ratings = RATED.map((dimension) => rated(dimension, leaning(seed, number, side, dimension)));
  const read = await api.GET("/v1/reviews/{id}", { params: { path: { id } } });
  const written = await api.PATCH(`/v1/reviews/{id}/${side}`, {
    params: asRead(id, read),
    body: { ratings },
  });
  ok(written);
  ok(await api.POST(`/v1/reviews/{id}/${side}/submission`, { params: asRead(id, written) }));
}

function rated(dimension: string, roll: number): Schemas["Rating"] {
  return {
    dimension,
    rating: `${rating(roll)}`,
    comment: `Seen in the work of the year: ${dimension}`,
    evidence: [{ kind: "observation", date: "2025-10-15", text: `A project that shows ${dimension}` }],
  };
}
