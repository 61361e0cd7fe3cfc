// Calibration: managers compare the grades and move some, so that all are measured alike.
import { type Api, type Schemas, all, asRead, ok, outcome } from "./api.js";
import type { Person } from "./company.js";
import { each, say } from "./progress.js";

type Grade = Schemas["NewMove"]["from"];

/** The best grades and the points from which on they are given. */
const BOUNDS: [Grade, Grade, number][] = [
  ["S", "A", 115],
  ["A", "B", 105],
  ["B", "C", 90],
  ["C", "D", 70],
];

/** A grade moves only where this few points would have made the difference. */
const MARGIN = 2;

/** Who meets. */
export interface Meeting {
  /** Leads it for HR. */
  facilitator: Person;
  /** Proposes moves. */
  proposer: Person;
  /** Approves them. */
  approver: Person;
  /** Accepts what the check of the distribution does not. */
  executive: Person;
}

/** Computes all results and tells how the grades are distributed. */
export async function compute(hr: Api, cycle: string): Promise<void> {
  const params = { path: { id: cycle } };
  const computed = await outcome(hr, await hr.POST("/v1/cycles/{id}/results", { params }));
  if ("computed" in computed) {
    say(`results: ${computed.computed} computed, ${computed.failed} failed`);
  }
  await distribution(hr, cycle);
}

/** Reads the distribution of the cycle, and tells it. */
async function distribution(hr: Api, cycle: string): Promise<Schemas["DistributionSummary"]> {
  const read = await hr.GET("/v1/cycles/{id}/distribution", { params: { path: { id: cycle } } });
  // The same path answers a chart as text.
  const { present } = (ok(read) as Schemas["Distribution"]).total;
  if (!present) throw new Error("the grades are withheld from their administrator");
  const told = (counts: object) => Object.entries(counts).map(([grade, n]) => `${grade} ${n}`);
  say(`grades: ${told(present.counts).join(", ")} (${present.verdict})`);
  if (present.quota) say(`quotas: ${told(present.quota).join(", ")}`);
  return present;
}

/** Holds one session for all departments. */
export async function calibrate(hr: Api, cycle: string, meeting: Meeting): Promise<void> {
  const { facilitator, proposer, approver, executive } = meeting;
  const lead = facilitator.api;
  const members = [
    { employee_id: facilitator.id, seat: "facilitator" as const },
    { employee_id: proposer.id, seat: "member" as const },
    { employee_id: approver.id, seat: "member" as const },
  ];
  const body = { cycle_id: cycle, name: "All departments", members };
  const { id } = ok(await lead.POST("/v1/calibration-sessions", { body }));
  const present = members.map((member) => member.employee_id);
  await meet(lead, id, "schedule", { scheduled_on: "2026-02-03" });
  await meet(lead, id, "opening", { present });

  const before = await distribution(hr, cycle);
  const moves = proposals(await compared(proposer, id), await compared(approver, id), before);
  await each("moves", moves, (move) => decide(id, move, meeting), 1);

  const after = await distribution(hr, cycle);
  const reason = "Whoever is left is more than two points from another grade";
  if (after.verdict !== "ok" && after.verdict !== "warning") {
    await meet(executive.api, id, "override", { reason });
  }
  await meet(lead, id, "finalisation", { reason });
}

type Noun = "schedule" | "opening" | "override" | "finalisation";
type Words = Schemas["SessionSchedule"] &
  Schemas["SessionOpening"] &
  Schemas["SessionReason"] &
  Schemas["SessionFinalisation"];

/** Takes the session a step further. */
async function meet(api: Api, id: string, noun: Noun, words: Partial<Words>): Promise<void> {
  const path = "/v1/calibration-sessions/{id}" as const;
  const read = await api.GET(path, { params: { path: { id } } });
  const body = words as Words;
  ok(await api.POST(`${path}/${noun}`, { params: asRead(id, read), body }));
}

/** What a member sees: every review but the own one. */
function compared({ api }: Person, id: string): Promise<Schemas["ComparedReview"][]> {
  return all((page) =>
    api.GET("/v1/calibration-sessions/{id}/reviews", { params: { path: { id }, query: page } }),
  );
}

/** Moves that bring the grades nearer to the quotas: at each bound, those next to it on the side
 *  where too many are. Nobody decides about themselves, so both members must see the review. */
function proposals(
  seen: Schemas["ComparedReview"][],
  seenByOther: Schemas["ComparedReview"][],
  { counts, quota }: Schemas["DistributionSummary"],
): Schemas["NewMove"][] {
  if (!quota) return [];
  const both = new Set(seenByOther.map((review) => review.review_id));
  const ranked = seen
    .filter((review) => review.counts_for_quota && both.has(review.review_id))
    .map((review) => ({ ...review, points: Number(review.result?.composite) }))
    .sort((a, b) => b.points - a.points || (a.employee_number < b.employee_number ? -1 : 1));
  const moves = new Map<string, Schemas["NewMove"]>();
  let surplus = 0;
  for (const [better, worse, bound] of BOUNDS) {
    surplus += counts[better] - quota[better];
    const [from, to] = surplus > 0 ? [better, worse] : [worse, better];
    const near = ranked.filter(
      (review) =>
        review.result?.computed_grade === from && Math.abs(review.points - bound) <= MARGIN,
    );
    if (surplus > 0) near.reverse();
    for (const { review_id } of near.slice(0, Math.abs(surplus))) {
      if (!moves.has(review_id)) moves.set(review_id, move(review_id, from, to));
    }
  }
  return [...moves.values()];
}

function move(review_id: string, from: Grade, to: Grade): Schemas["NewMove"] {
  return {
    review_id,
    from,
    to,
    reasons: ["cross_team_consistency", "distribution"],
    text: `Next to the bound, and compared with other teams the work of a ${to}`,
    evidence: [
      { kind: "observation", date: "2025-11-20", text: "Alike work in another team got that grade" },
    ],
    sentence: `Compared with the other teams, your work is that of a ${to}`,
  };
}

/** One member proposes, the other one approves. */
async function decide(session: string, body: Schemas["NewMove"], { proposer, approver }: Meeting) {
  const path = "/v1/calibration-sessions/{id}" as const;
  const params = { path: { id: session } };
  const proposed = await proposer.api.POST(`${path}/moves`, { params, body });
  const { id } = ok(proposed);
  const read = await approver.api.GET("/v1/moves/{id}", { params: { path: { id } } });
  ok(await approver.api.POST("/v1/moves/{id}/approval", { params: asRead(id, read) }));
}
