// Chance that a seed repeats: the same seed and name give the same numbers on every run.
import { createHash } from "node:crypto";

/** A number in [0, 1) that depends on the seed and the names only. */
export function chance(seed: number, ...names: (string | number)[]): number {
  const digest = createHash("sha256").update(JSON.stringify([seed, ...names])).digest();
  return digest.readUInt32BE(0) / 2 ** 32;
}

/** By chance, but somebody who does well in one thing tends to do well in another. */
export function leaning(seed: number, who: string, ...names: string[]): number {
  return 0.9 * chance(seed, who) + 0.1 * chance(seed, who, ...names);
}

/** One of several, by chance. */
export function pick<T>(from: readonly T[], roll: number): T {
  const found = from[Math.floor(roll * from.length)];
  if (found === undefined) throw new Error("nothing to pick from");
  return found;
}

/** A rating 1 to 5 the way managers give them: mostly in the middle. */
export function rating(roll: number): number {
  const bounds = [0.04, 0.16, 0.64, 0.9];
  return 1 + bounds.filter((bound) => roll >= bound).length;
}
