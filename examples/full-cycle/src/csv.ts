// Files with a head line whose cells are separated by commas, semicolons or tabs, and quoted where
// needed (RFC 4180).

/** The rows of a file, each by the names of its head line. Blanks at the ends and empty rows do not count. */
export function parseCsv(text: string): Record<string, string>[] {
  const plain = text.replace(/^\uFEFF/, "");
  const [head, ...rows] = records(plain, separator(plain))
    .map((row) => row.map((cell) => cell.trim()))
    .filter((row) => row.some((cell) => cell));
  if (!head) return [];
  return rows.map((row) => Object.fromEntries(head.map((name, at) => [name, row[at] ?? ""])));
}

/** Whichever mark is most frequent in the head line. */
function separator(text: string): string {
  const head = (text.split("\n")[0] ?? "").replace(/"[^"]*"/g, "");
  const count = (mark: string) => head.split(mark).length;
  return [",", ";", "\t"].reduce((best, mark) => (count(mark) > count(best) ? mark : best));
}

function records(text: string, separated: string): string[][] {
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
