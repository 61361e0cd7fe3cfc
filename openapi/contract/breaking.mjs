// Refuses a contract that breaks what was released, unless the changelog names the operation among the
// changes of the contract.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

const [released, present, changelog] = process.argv.slice(2);
assert(released && present && changelog, "released contract, present contract and changelog are needed");

const { status, stdout, stderr } = spawnSync("oasdiff", ["breaking", "--format", "json", released, present], {
  encoding: "utf8",
  maxBuffer: 1 << 28,
});
assert.equal(status, 0, stderr);
const changes = JSON.parse(stdout || "[]") ?? [];

const unreleased = readFileSync(changelog, "utf8").split(/^## /m)[1] ?? "";
const told = unreleased.split(/^### /m).find((section) => section.startsWith("Changed contract")) ?? "";
const silent = changes.filter(({ operationId }) => !told.includes(`\`${operationId}\``));
for (const { operationId, text } of silent) {
  console.error(`${operationId}: ${text}`);
}
assert.equal(silent.length, 0, "these break the released contract; CHANGELOG.md names no such operation");
console.log(`${changes.length} breaking changes, all told`);
