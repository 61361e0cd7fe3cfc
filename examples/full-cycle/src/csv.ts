// Comma-separated files with a head line, quoted where needed (RFC 4180).

/** The rows of a file, each by the names of its head line. */
export function parseCsv(text: string): Record<string, string>[] {
  const [head, ...rows] = records(text.replace(/^\uFEFF/, ""));
  if (!head) return [];
  return rows.map((row) => Object.fromEntries(head.map((name, at) => [name, row[at] ?? ""])));
}

function records(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let field = "";
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (quoted) {
      if (character !== '"') field += character;
      else if (text[at + 1] === '"') {
        field += '"';
        at += 1;
      } else quoted = false;
    } else if (character === '"') quoted = true;
    else if (character === ",") {
      row.push(field);
      field = "";
    } else if (character === "\n") {
      row.push(field);
      rows.push(row);
      [row, field] = [[], ""];
    } else if (character !== "\r") field += character;
  }
  if (field || row.length > 0) rows.push([...row, field]);
  return rows;
}
