// Goals: written by everybody, signed by both sides, and followed through the year.
import { type Api, type Schemas, all, asRead, ok } from "./api.js";
import { PERIOD, type Participant, teams } from "./cycle.js";
import { each } from "./progress.js";
import { leaning, pick, chance } from "./random.js";
import type { Sales } from "./sales.js";

type Content = Schemas["NewGoalContent"];

/** Weights of the three goals, which sum to exactly 100.00. */
const WEIGHTS = [
  ["50.00", "20.00", "30.00"],
  ["45.00", "20.00", "35.00"],
  ["33.34", "33.33", "33.33"],
] as const;

/** Those who sell are measured by what they sell. */
const SALES_WEIGHTS = ["20.00", "20.00", "60.00"] as const;

/** First days of the periods in which progress is reported. */
const HALVES = ["2025-01-01", "2025-07-01"] as const;

const REQUESTS = 400;
const KEY_RESULTS = [
  { title: "Improvements in use", target: 20, unit: "improvements" },
  { title: "Steps without rework", target: 250, unit: "steps" },
];

/** What everybody writes: an ambitious objective, a committed one and an indicator. */
function contents(seed: number, { person }: Participant, sales: Sales | undefined): Content[] {
  const weights = sales ? SALES_WEIGHTS : pick(WEIGHTS, chance(seed, "weights", person.number));
  const common = { theme: person.department, period: PERIOD };
  return [
    {
      ...common,
      title: `Set a new standard in ${person.department}`,
      weight: weights[0],
      definition: objective("aspirational"),
    },
    {
      ...common,
      title: `Keep the plan of ${person.department}`,
      weight: weights[1],
      definition: objective("committed"),
    },
    sales
      ? {
          ...common,
          title: "Sales of the year",
          weight: weights[2],
          definition: indicator("USD", "CRM", sales.quota),
        }
      : {
          ...common,
          title: "Requests answered on the same day",
          weight: weights[2],
          definition: indicator("requests", "Service desk", `${REQUESTS}`),
        },
  ];
}

function objective(ambition: "aspirational" | "committed"): Schemas["NewObjective"] {
  const key_results = KEY_RESULTS.map(({ title, target, unit }) => ({
    title,
    weight: "50",
    measure: { kind: "metric" as const, start: "0", target: `${target}`, unit },
  }));
  return { kind: "objective", ambition, key_results };
}

function indicator(unit: string, source: string, target: string): Schemas["Indicator"] {
  return {
    kind: "indicator",
    unit,
    source,
    frequency: "quarterly",
    aggregation: "sum",
    scoring: { method: "ratio", target, direction: "up" },
  };
}

/** Everybody writes their goals and, once all are there, hands them in. */
export async function write(
  cycle: string,
  participants: Participant[],
  seed: number,
  sales: Map<string, Sales>,
): Promise<void> {
  await each("goals written and handed in", participants, async (participant) => {
    const { api, number } = participant.person;
    const made = [];
    for (const content of contents(seed, participant, sales.get(number))) {
      const body = { cycle_id: cycle, level: "person" as const, content };
      made.push(await api.POST("/v1/goals", { body }));
    }
    for (const goal of made) {
      const params = asRead(ok(goal).id, goal);
      ok(await api.POST("/v1/goals/{id}/submission", { params }));
    }
  });
}

/** Managers sign the goals of their teams. */
export async function approve(cycle: string, participants: Participant[]): Promise<void> {
  const signings = teams(participants).flatMap(([, team]) => team);
  await each("goals approved", signings, async ({ person, manager }) => {
    const query = { cycle_id: cycle, owner_id: person.id, state: "submitted" as const };
    for (const { id } of await goalsOf(manager.api, query)) {
      const read = await manager.api.GET("/v1/goals/{id}", { params: { path: { id } } });
      ok(await manager.api.POST("/v1/goals/{id}/approval", { params: asRead(id, read) }));
    }
  });
}

function goalsOf(
  api: Api,
  query: { cycle_id: string; owner_id: string; state: "submitted" | "active" },
): Promise<Schemas["Goal"][]> {
  return all((page) => api.GET("/v1/goals", { params: { query: { ...query, ...page } } }));
}

/** Everybody reports how far they are: check-ins of objectives, measurements of indicators. */
export async function follow(
  cycle: string,
  participants: Participant[],
  seed: number,
  sales: Map<string, Sales>,
): Promise<void> {
  await each("check-ins and measurements", participants, async ({ person }) => {
    const query = { cycle_id: cycle, owner_id: person.id, state: "active" as const };
    const lean = (name: string) => leaning(seed, person.number, name);
    for (const { id, content } of await goalsOf(person.api, query)) {
      const params = { path: { id } };
      if (content?.definition.kind === "objective") {
        const { ambition, key_results } = content.definition;
        for (const body of checkIns(key_results, reached(ambition, lean))) {
          ok(await person.api.POST("/v1/goals/{id}/check-ins", { params, body }));
        }
      } else {
        for (const body of measurements(lean("requests"), sales.get(person.number))) {
          ok(await person.api.POST("/v1/goals/{id}/measurements", { params, body }));
        }
      }
    }
  });
}

/** The share of a key result that is reached in the end. */
function reached(ambition: "aspirational" | "committed", lean: (name: string) => number) {
  return (title: string) =>
    ambition === "aspirational" ? 0.35 + 0.65 * lean(title) : 0.7 + 0.3 * lean(`plan: ${title}`);
}

function checkIns(
  keyResults: Schemas["KeyResult"][],
  share: (title: string) => number,
): Schemas["NewCheckIn"][] {
  return HALVES.map((_, half) => {
    const reports = keyResults.map(({ id, title, measure }) => {
      const target = "target" in measure ? Number(measure.target) : 0;
      const now = (target * share(title) * (half + 1)) / HALVES.length;
      return { key_result_id: id, value: `${Math.round(now)}` };
    });
    return { confidence: 7 + half, reports };
  });
}

/** What was sold comes as one figure, everything else half by half. */
function measurements(lean: number, sales: Sales | undefined): Schemas["NewMeasurement"][] {
  if (sales) {
    const sold = { source: "crm", external_id: "sales-2025", value: sales.sold };
    return [{ ...sold, period_start: HALVES[0] }];
  }
  const answered = Math.round((REQUESTS * (0.72 + 0.5 * lean)) / HALVES.length);
  return HALVES.map((period_start) => ({
    period_start,
    source: "service-desk",
    external_id: `requests-${period_start}`,
    value: `${answered}`,
  }));
}
