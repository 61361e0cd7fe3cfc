// The company: units, people and accounts, out of a file of employees.
import { each, say } from "./progress.js";
import { type Api, type Schemas, ok, signIn } from "./api.js";

/** Somebody who takes part. */
export interface Person {
  number: string;
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

/** Reads people; columns other than the number may be missing. */
export function readPeople(rows: Record<string, string>[]): Person[] {
  return rows.map((row) => {
    const number = row["employee_number"];
    if (!number) throw new Error("a row has no employee_number");
    return {
      number,
      login: row["login"] || `e${number.toLowerCase()}`,
      email: row["email"] || null,
      jobTitle: row["job_title"] || null,
      division: row["division"] || "Company",
      departmentCode: row["department_code"] || row["org_unit_code"] || "ALL",
      department: row["department"] || row["department_code"] || row["org_unit_code"] || "All",
      managerNumber: row["manager_employee_number"] || null,
      hireDate: row["hire_date"] || "2020-01-01",
      id: "",
      api: undefined as unknown as Api,
    };
  });
}

/** Company, divisions and departments, each under the one above. */
function unitsOf(people: Person[]): Schemas["OrgUnitRow"][] {
  const code = (division: string) => `DIV-${division.toUpperCase().replace(/[^\p{L}\p{N}]+/gu, "-")}`;
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
  const units = ok(
    await hr.POST("/v1/org-units/bulk", { params: { query }, body: unitsOf(people) }),
  );
  const rows = people.map((person) => ({
    employee_number: person.number,
    name: person.login,
    email: person.email,
    org_unit_code: person.departmentCode,
    job_title: person.jobTitle,
    manager_employee_number: person.managerNumber,
    hire_date: person.hireDate,
  }));
  const imported = ok(await hr.POST("/v1/employees/bulk", { params: { query }, body: rows }));
  say(`units: ${summary(units)}; people: ${summary(imported)}`);
  const byNumber = new Map(people.map((person) => [person.number, person]));
  for (let cursor: string | null = null; ; ) {
    const page: Schemas["EmployeePage"] = ok(
      await hr.GET("/v1/employees", {
        params: { query: { limit: 200, ...(cursor === null ? {} : { cursor }) } },
      }),
    );
    for (const employee of page.items) {
      const person = byNumber.get(employee.employee_number);
      if (person) person.id = employee.id;
    }
    cursor = page.next_cursor ?? null;
    if (cursor === null) break;
  }
}

function summary(answer: Schemas["ImportResult"] | Schemas["Job"]): string {
  if (!("created" in answer)) throw new Error("more than 1,000 rows: split the file");
  return `${answer.created} created, ${answer.updated} updated, ${answer.unchanged} unchanged`;
}

/** Gives everybody an account and a password, and signs them in. */
export async function invite(
  hr: Api,
  door: Api,
  url: string,
  tenant: string,
  people: Person[],
  password: string,
): Promise<void> {
  await each("accounts and sign-ins", people, async (person) => {
    await account(hr, door, person.login, person.id, password);
    person.api = await signIn(url, { tenant, login: person.login, password });
  });
}

/** Makes an account and chooses its password with the setup token; its id. */
export async function account(
  hr: Api,
  door: Api,
  login: string,
  employeeId: string | null,
  password: string,
): Promise<string> {
  const made = ok(await hr.POST("/v1/accounts", { body: { login, employee_id: employeeId } }));
  const token = made.setup_token;
  if (!token) throw new Error(`no setup token for ${login}`);
  const chosen = await door.POST("/v1/auth/password-setup", {
    body: { setup_token: token, password },
  });
  if (!chosen.response.ok) throw new Error(JSON.stringify(chosen.error));
  return made.id;
}
