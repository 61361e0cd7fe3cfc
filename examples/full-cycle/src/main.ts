// One whole cycle: people in, ratings out.
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { open, signIn } from "./api.js";
import { calibrate, compute } from "./calibration.js";
import { bringIn, invite, issue, type Person, readPeople } from "./company.js";
import { parseCsv } from "./csv.js";
import { PERIOD, design, participants, step, teams } from "./cycle.js";
import * as goals from "./goals.js";
import { say } from "./progress.js";
import { answer, takeAway } from "./release.js";
import { managerReviews, selfReviews } from "./reviews.js";
import { readSales } from "./sales.js";

const { values: flags } = parseArgs({
  options: {
    employees: { type: "string" },
    sales: { type: "string", multiple: true, default: [] },
    seed: { type: "string", default: "7" },
    out: { type: "string", default: "out" },
    url: { type: "string", default: "http://127.0.0.1:8080" },
    tenant: { type: "string" },
    login: { type: "string", default: "admin" },
  },
});
const password = process.env["EVENHAND_PASSWORD"];
if (!flags.employees || !flags.tenant || !password) {
  say("usage: EVENHAND_PASSWORD=… npm start -- --employees FILE --tenant NAME [--sales FILE]…");
  say("       [--url URL] [--login LOGIN] [--seed NUMBER] [--out FOLDER]");
  process.exit(2);
}
const { url, tenant, login } = flags;
const seed = Number(flags.seed);

const read = async (file: string) => parseCsv(await readFile(file, "utf8"));
const people = readPeople(await read(flags.employees));
const sales = readSales((await Promise.all(flags.sales.map(read))).flat());

/** The first of whom something is true. */
function first(is: (person: Person) => boolean): Person {
  const found = people.find(is);
  if (!found) throw new Error("too few people for a cycle");
  return found;
}
// Senior management, HR in the company, and somebody else who can answer for a person.
const executive = first((person) => !person.managerNumber);
const isOfHr = ({ jobTitle }: Person) => /human resources|人力资源/i.test(jobTitle ?? "");
const partner =
  people.find((person) => person !== executive && isOfHr(person)) ??
  first((person) => person !== executive);
const deputy = first((person) => person !== executive && person !== partner);

/** The managers above somebody. */
function above(person: Person): Person[] {
  const manager = people.find(({ number }) => number === person.managerNumber);
  return manager ? [manager, ...above(manager)] : [];
}

await bringIn(await signIn(url, { tenant, login, password }), people, PERIOD.start);
const entrance = { door: open(url), url, tenant, password: randomUUID() };
// The first administrator is a person of the company too: who signs is an employee, as the operator
// has said.
const hr = await issue({ ...entrance, password }, { ...partner, login });
partner.api = hr;
// Whoever decides about this person has an account that the administrator has not made.
const issued = new Set([...above(partner), deputy, executive]);
await invite(
  hr,
  entrance,
  people.filter((person) => person !== partner && !issued.has(person)),
);
for (const person of issued) {
  person.api = await issue(entrance, person, person === executive ? "executive" : undefined);
}

const cycle = await design(hr);
await step(hr, cycle, "launch");
const answersFor = (person: Person) =>
  person === executive ? partner : person === partner ? deputy : executive;
const evaluated = await participants(hr, cycle, people, answersFor);

await goals.write(cycle, evaluated, seed, sales);
await goals.approve(cycle, evaluated);
await step(hr, cycle, "start");
await goals.follow(cycle, evaluated, seed, sales);

await step(hr, cycle, "evaluation");
await selfReviews(hr, cycle, evaluated, seed);
await managerReviews(hr, cycle, evaluated, seed);
await compute(hr, cycle);

await step(hr, cycle, "calibration");
const [proposer, approver] = teams(evaluated)
  .map(([manager]) => manager)
  .filter((manager) => manager !== partner);
if (!proposer || !approver) throw new Error("a session needs two managers");
await calibrate(hr, cycle, { facilitator: partner, proposer, approver, executive });

await step(hr, cycle, "confirmation");
await step(hr, cycle, "publication");
await step(executive.api, cycle, "publication");
await answer(hr, cycle, evaluated, seed);
await takeAway(hr, url, cycle, flags.out);
