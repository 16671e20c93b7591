// The guide: every program in it is one for the compiler, runs as it stands, and says what a reader would expect.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { promisify } from "node:util";

import { BUILD, FOLDER, said } from "./compiling.mjs";

const run = promisify(execFile);
const TEXT = readFileSync(`${FOLDER}README.md`, "utf8");
const SAYS = {
  "One case": /^100 \w+( \w+)+\n$/,
  "Many cases, as they are done": /^(\d [\d.]+\n){3}$/,
  "Thousands of cases, in the background": /completed 100\n(case-\d+ scored\n){100}$/,
  "Two responses": /^a [\d.]+\n2 true\n$/,
  "What goes wrong": /^404 rubric-not-found \[\]\n$/,
};
const programs = [...TEXT.matchAll(/^## (.+)\n\n```ts\n([\s\S]*?)^```/gm)];

test("every block of the guide is run here", () => {
  assert.deepEqual(programs.map(([, title]) => title), Object.keys(SAYS));
  assert.equal(TEXT.match(/^```\w/gm).length, programs.length + 1);
});

test("the programs of the guide are as the compiler wants them, and say what they should", async () => {
  mkdirSync(BUILD, { recursive: true });
  for (const [at, [, , program]] of programs.entries()) {
    assert.ok(program.includes('"http://127.0.0.1:8080"'));
    writeFileSync(`${BUILD}guide-${at}.ts`, program.replace("http://127.0.0.1:8080", process.env.JUDGE_URL));
  }
  assert.deepEqual(said("guide", [...programs.keys()].map((at) => `guide-${at}.ts`)), []);
  for (const [at, [, title]] of programs.entries()) {
    const { stdout } = await run(process.execPath, [`${BUILD}build/guide-${at}.js`]);
    assert.match(stdout, SAYS[title], title);
  }
});

test("the package is built and installed as the guide says, and needs nothing else", async (t) => {
  const copy = mkdtempSync(`${tmpdir()}/judge-client-`);
  t.after(() => rmSync(copy, { recursive: true }));
  const [, command] = /^```bash\n(.*)\n```/m.exec(TEXT);
  const [, archive] = /`(judge-client-.*?\.tgz)`/.exec(TEXT);
  for (const part of ["package.json", "tsconfig.json", "src", "README.md", "node_modules"]) {
    cpSync(`${FOLDER}${part}`, `${copy}/made/${part}`, { recursive: true });
  }
  mkdirSync(`${copy}/used`);
  writeFileSync(`${copy}/used/package.json`, '{ "type": "module" }');
  // Everything is here, and nothing is fetched.
  const env = { ...process.env, npm_config_offline: "true", npm_config_audit: "false", npm_config_cache: `${copy}/cache` };
  await run("bash", ["-c", command], { cwd: `${copy}/made`, env });
  await run("npm", ["install", "--no-package-lock", `../made/${archive}`], { cwd: `${copy}/used`, env });
  const program = 'import * as client from "judge-client"; console.log(client.VERSION, typeof client.JudgeClient);';
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", program], { cwd: `${copy}/used` });
  assert.equal(stdout, "0.1.0 function\n");
});
