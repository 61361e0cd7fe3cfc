// Progress on a terminal; one line per step where there is none.

const WIDTH = 32;

/** Does something for each item, a few at a time, and shows how far it is. */
export async function each<T>(
  label: string,
  items: readonly T[],
  work: (item: T) => Promise<unknown>,
  atOnce = 8,
): Promise<void> {
  const started = Date.now();
  let done = 0;
  let next = 0;
  const show = () => {
    const filled = Math.round((WIDTH * done) / Math.max(items.length, 1));
    const bar = "█".repeat(filled) + "░".repeat(WIDTH - filled);
    process.stderr.write(`\r${label.padEnd(34)} ${bar} ${done}/${items.length} `);
  };
  const worker = async () => {
    for (let at = next++; at < items.length; at = next++) {
      await work(items[at] as T);
      done += 1;
      if (process.stderr.isTTY) show();
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  show();
  process.stderr.write(`${((Date.now() - started) / 1000).toFixed(1)} s\n`);
}

/** Tells of a single step. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
