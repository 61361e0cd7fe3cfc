// The cycle: its policy, its design, its launch, and the steps it takes.
import { type Api, type Schemas, all, asRead, ok, outcome } from "./api.js";
import type { Person } from "./company.js";
import { say } from "./progress.js";

export const PERIOD = { start: "2025-01-01", end: "2025-12-31" };

const SCHEDULE = {
  goal_setting: "2025-01-01",
  execution: "2025-01-31",
  evaluation: "2026-01-05",
  self_review_due: "2026-01-16",
  rater_due: "2026-01-23",
  manager_review_due: "2026-01-30",
  calibration: "2026-02-02",
  publication: "2026-02-27",
  retention: "2026-12-31",
};

/** What managers rate; performance follows from goals. */
export const RATED = ["competency", "behaviour", "collaboration"] as const;

/** Only managers rate, and objectives count as well as indicators. */
const RULES: Schemas["PolicyRules"] = {
  settings: { "okr.in_review": "mapped" },
  populations: [
    {
      code: "everyone",
      dimensions: [
        { code: "performance", weight: "60", raters: {} },
        { code: "competency", weight: "20", raters: { manager: "100" } },
        { code: "behaviour", weight: "10", raters: { manager: "100" } },
        { code: "collaboration", weight: "10", raters: { manager: "100" } },
      ],
    },
  ],
};

const RACI: Schemas["StageDuties"][] = [
  { stage: "goal_setting", accountable: "hr", responsible: ["manager", "employee"] },
  { stage: "execution", accountable: "manager", responsible: ["employee"] },
  { stage: "evaluation", accountable: "hr", responsible: ["manager", "employee"] },
  { stage: "calibration", accountable: "hr", responsible: ["manager"], informed: ["executive"] },
  { stage: "publication", accountable: "executive", responsible: ["hr"] },
];

/** Somebody's part in the cycle. */
export interface Participant {
  id: string;
  person: Person;
  manager: Person;
}

/** Publishes a policy and designs a cycle for everybody; its id. */
export async function design(hr: Api): Promise<string> {
  const policy = await hr.POST("/v1/policies", {
    body: { code: "STANDARD", name: "Goals and ratings of the manager", rules: RULES },
  });
  const { id } = ok(policy);
  ok(await hr.POST("/v1/policies/{id}/publication", { params: asRead(id, policy) }));
  const body = {
    code: "2025",
    name: "Year 2025",
    kind: "year" as const,
    policy_id: id,
    period: PERIOD,
    schedule: SCHEDULE,
    raci: RACI,
  };
  return ok(await hr.POST("/v1/cycles", { body })).id;
}

type Step = "launch" | "evaluation" | "confirmation" | "publication";

/** Takes the cycle a step further. */
export async function step(api: Api, id: string, noun: Step | "start" | "calibration") {
  const read = await api.GET("/v1/cycles/{id}", { params: { path: { id } } });
  const params = asRead(id, read);
  const answer =
    noun === "start" || noun === "calibration"
      ? await api.POST(`/v1/cycles/{id}/${noun}`, { params, body: {} })
      : await api.POST(`/v1/cycles/{id}/${noun}`, { params });
  await outcome(api, answer);
  const { state } = ok(await api.GET("/v1/cycles/{id}", { params: { path: { id } } }));
  say(`cycle: ${noun} → ${state}`);
}

/** Those who are evaluated. Whoever has nobody above is handed over to `answersFor`, so that
 *  somebody signs the goals and rates. */
export async function participants(
  hr: Api,
  cycle: string,
  people: Person[],
  answersFor: (person: Person) => Person,
): Promise<Participant[]> {
  const byId = new Map(people.map((person) => [person.id, person]));
  const query = { cycle_id: cycle, excluded: false };
  const found = await all((page) =>
    hr.GET("/v1/participants", { params: { query: { ...query, ...page } } }),
  );
  const evaluated: Participant[] = [];
  for (const { id, employee_id, manager_id } of found) {
    const person = byId.get(employee_id);
    if (!person) continue;
    const manager = byId.get(manager_id ?? "") ?? answersFor(person);
    if (!manager_id) await handOver(hr, id, manager);
    evaluated.push({ id, person, manager });
  }
  say(`evaluated: ${evaluated.length} of ${people.length}`);
  return evaluated;
}

async function handOver(hr: Api, id: string, manager: Person): Promise<void> {
  const read = await hr.GET("/v1/participants/{id}", { params: { path: { id } } });
  ok(
    await hr.POST("/v1/participants/{id}/handover", {
      params: asRead(id, read),
      body: { manager_id: manager.id, reason: "Nobody above could sign goals and rate" },
    }),
  );
}

/** The teams of those who answer for somebody, the largest first. */
export function teams(participants: Participant[]): [Person, Participant[]][] {
  const byManager = new Map<Person, Participant[]>();
  for (const participant of participants) {
    byManager.set(participant.manager, [...(byManager.get(participant.manager) ?? []), participant]);
  }
  const bySize = (a: [Person, Participant[]], b: [Person, Participant[]]) =>
    b[1].length - a[1].length || (a[0].number < b[0].number ? -1 : 1);
  return [...byManager].sort(bySize);
}
