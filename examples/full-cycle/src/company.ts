// The company: units, people and accounts, out of a file of employees.
import { execFileSync } from "node:child_process";
import { each, say } from "./progress.js";
import { type Api, type Schemas, all, held, ok, outcome, signIn } from "./api.js";

/** Somebody who takes part. */
export interface Person {
  number: string;
  name: string;
  login: string;
  email: string | null;
  jobTitle: string | null;
  division: string;
  departmentCode: string;
  department: string;
  managerNumber: string | null;
  hireDate: string;
  /** Known once the person has been imported. */
  id: string;
  /** Signed in as the person, once there is an account. */
  api: Api;
}

/** A code that units of one name have in common. */
function codeOf(name: string): string {
  return name.toUpperCase().replace(/[^\p{L}\p{N}]+/gu, "-");
}

/** Reads people; columns other than the number may be missing. */
export function readPeople(rows: Record<string, string>[]): Person[] {
  const known = new Set(rows.map((row) => row["employee_number"]));
  return rows.map((row) => {
    const number = row["employee_number"];
    if (!number) throw new Error("a row has no employee_number");
    const login = row["login"] || number.toLowerCase();
    const code = row["department_code"] || row["org_unit_code"];
    const department = row["department"] || code || "All";
    const manager = row["manager_employee_number"] || null;
    if (manager && !known.has(manager)) {
      say(`${number} has no manager here: ${manager} is not in the file`);
    }
    return {
      number,
      name: row["name"] || login,
      login,
      email: row["email"] || null,
      jobTitle: row["job_title"] || null,
      division: row["division"] || "Company",
      departmentCode: code || `DEP-${codeOf(department)}`,
      department,
      managerNumber: manager && known.has(manager) ? manager : null,
      hireDate: row["hire_date"] || "2020-01-01",
      id: "",
      api: undefined as unknown as Api,
    };
  });
}

/** Company, divisions and departments, each under the one above. */
function unitsOf(people: Person[]): Schemas["OrgUnitRow"][] {
  const code = (division: string) => `DIV-${codeOf(division)}`;
  const divisions = new Map(people.map((person) => [code(person.division), person.division]));
  const departments = new Map(people.map((person) => [person.departmentCode, person]));
  return [
    { code: "COMPANY", name: "Company", kind: "company" },
    ...[...divisions].map(([unit, name]) => ({
      code: unit,
      name,
      kind: "division" as const,
      parent_code: "COMPANY",
    })),
    ...[...departments].map(([unit, person]) => ({
      code: unit,
      name: person.department,
      kind: "department" as const,
      parent_code: code(person.division),
    })),
  ];
}

/** Brings units and people in, all or nothing, and learns their ids. */
export async function bringIn(hr: Api, people: Person[], effectiveFrom: string): Promise<void> {
  const query = { atomic: true, effective_from: effectiveFrom };
  const bulk = { params: { query } };
  const units = await hr.POST("/v1/org-units/bulk", { ...bulk, body: unitsOf(people) });
  say(`units: ${summary(await outcome(hr, units))}`);
  const body = people.map((person) => ({
    employee_number: person.number,
    name: person.name,
    email: person.email,
    org_unit_code: person.departmentCode,
    job_title: person.jobTitle,
    manager_employee_number: person.managerNumber,
    hire_date: person.hireDate,
  }));
  const imported = await hr.POST("/v1/employees/bulk", { ...bulk, body });
  say(`people: ${summary(await outcome(hr, imported))}`);
  const employees = await all((page) => hr.GET("/v1/employees", { params: { query: page } }));
  const ids = new Map(employees.map((employee) => [employee.employee_number, employee.id]));
  for (const person of people) person.id = held(ids, person.number);
}

function summary(result: Schemas["JobResult"]): string {
  if (!("created" in result)) throw new Error("not the result of an import");
  return `${result.created} created, ${result.updated} updated, ${result.unchanged} unchanged`;
}

/** Where people sign in. */
export interface Entrance {
  door: Api;
  url: string;
  tenant: string;
  /** The password everybody here chooses. */
  password: string;
}

/** Gives everybody an account, and signs them in. */
export async function invite(hr: Api, entrance: Entrance, people: Person[]): Promise<void> {
  const { door, url, tenant, password } = entrance;
  await each("accounts and sign-ins", people, async (person) => {
    const body = { login: person.login, employee_id: person.id };
    const account = ok(await hr.POST("/v1/accounts", { body }));
    const setup = { setup_token: account.setup_token ?? "", password };
    ok(await door.POST("/v1/auth/password-setup", { body: setup }));
    person.api = await signIn(url, { tenant, login: person.login, password });
  });
}

/**
 * Has the operator renew the account of somebody who decides or signs beside another person: no
 * administrator is to know that credential, and nobody stands behind it.
 */
export async function issue(
  { url, tenant, password }: Entrance,
  { login, number }: Person,
  role?: Schemas["NewRoleAssignment"]["role"],
): Promise<Api> {
  const whose = ["--tenant", tenant, "--login", login, "--employee-number", number];
  const what = [...(role ? ["--role", role] : []), "--password-stdin"];
  const program = process.env["EVENHAND"] ?? "evenhand";
  execFileSync(program, ["account", "issue", ...whose, ...what], { input: `${password}\n` });
  return signIn(url, { tenant, login, password });
}
