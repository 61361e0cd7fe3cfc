// Reviews: what people write about themselves, and how their managers rate them.
import { type Api, type Schemas, all, asRead, held, ok } from "./api.js";
import { type Participant, RATED } from "./cycle.js";
import { each } from "./progress.js";
import { leaning, rating } from "./random.js";

type Side = "self-review" | "manager-review";

/** Everybody looks back on the year. */
export async function selfReviews(hr: Api, cycle: string, participants: Participant[], seed: number) {
  const reviewOf = await reviews(hr, cycle);
  await each("self-reviews", participants, (participant) =>
    handIn(participant.person.api, reviewOf(participant), "self-review", seed, participant),
  );
}

/** Managers rate, each rating with what shows it. */
export async function managerReviews(
  hr: Api,
  cycle: string,
  participants: Participant[],
  seed: number,
) {
  const reviewOf = await reviews(hr, cycle);
  await each("manager reviews", participants, (participant) =>
    handIn(participant.manager.api, reviewOf(participant), "manager-review", seed, participant),
  );
}

/** Finds the review of somebody in the cycle. */
export async function reviews(
  hr: Api,
  cycle: string,
): Promise<(participant: Participant) => string> {
  const found = await all((page) =>
    hr.GET("/v1/reviews", { params: { query: { cycle_id: cycle, ...page } } }),
  );
  const ids = new Map(found.map((review) => [review.participant_id, review.id]));
  return ({ id }) => held(ids, id);
}

/** Writes one side of a review and hands in what has been written. */
async function handIn(api: Api, id: string, side: Side, seed: number, { person }: Participant) {
  const ratings = RATED.map((dimension) =>
    rated(dimension, leaning(seed, person.number, side, dimension)),
  );
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
    evidence: [{ kind: "observation", date: "2025-10-15", text: `Work that shows ${dimension}` }],
  };
}
