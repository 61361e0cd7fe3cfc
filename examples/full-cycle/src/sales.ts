// Quotas and results of those who sell: the targets and actuals of their indicators.

/** What somebody should sell in the year, and did; decimals travel as text. */
export interface Sales {
  quota: string;
  sold: string;
}

const QUARTERS = 4;

/** Sales by employee number, from rows of quotas and rows of results in any order. The year is that
 *  of the last four quotas; whoever lacks either is not among them. */
export function readSales(rows: Record<string, string>[]): Map<string, Sales> {
  const quotas = new Map<string, { quarter: string; cents: bigint }[]>();
  const sold = new Map<string, string>();
  for (const row of rows) {
    const number = row["employee_number"] ?? "";
    const { quarter_start: quarter, sales_quota_usd: quota, sales_ytd_usd: actual } = row;
    if (quarter && quota) {
      quotas.set(number, [...(quotas.get(number) ?? []), { quarter, cents: cents(quota) }]);
    }
    if (actual) sold.set(number, actual);
  }
  const sales = new Map<string, Sales>();
  for (const [number, actual] of sold) {
    const byQuarter = (quotas.get(number) ?? []).sort((a, b) => (a.quarter < b.quarter ? -1 : 1));
    const year = byQuarter.slice(-QUARTERS).reduce((sum, { cents }) => sum + cents, 0n);
    if (year > 0n) sales.set(number, { quota: `${year / 100n}.${pad(year % 100n)}`, sold: actual });
  }
  return sales;
}

/** Money is added up in whole cents, never as floating point. */
function cents(amount: string): bigint {
  const [whole = "0", part = ""] = amount.split(".");
  return BigInt(whole + part.padEnd(2, "0").slice(0, 2));
}

function pad(cents: bigint): string {
  return cents.toString().padStart(2, "0");
}
