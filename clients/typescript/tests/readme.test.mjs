// The guide: every program in it is one for the compiler, runs as it stands, and says what a reader would expect.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { promisify } from "node:util";

import { erased, FOLDER, said } from "./compiling.mjs";

const run = promisify(execFile);
const TEXT = readFileSync(`${FOLDER}README.md`, "utf8");
const HERE = `${FOLDER}build/`;
const SAYS = {
  "One case": /^100 \w+( \w+)+\n$/,
  "Many cases, as they are done": /^(\d [\d.]+\n){3}$/,
  "Thousands of cases, in the background": /completed 100\n(case-\d+ scored\n){100}$/,
  "Two responses": /^a [\d.]+\n2 true\n$/,
  "What goes wrong": /^404 rubric-not-found \[\]\n$/,
};
const programs = [...TEXT.matchAll(/^## (.+)\n\n```ts\n([\s\S]*?)^```/gm)].map(([, title, program], at) => ({
  title,
  program,
  file: `${HERE}${at}.ts`,
}));

test("every block of the guide is run here", () => {
  assert.deepEqual(programs.map(({ title }) => title), Object.keys(SAYS));
  assert.equal(TEXT.match(/^```\w/gm).length, programs.length + 1);
});

test("the programs of the guide are as the compiler wants them", () => {
  mkdirSync(HERE, { recursive: true });
  for (const { file, program } of programs) writeFileSync(file, program);
  assert.deepEqual(said(programs.map(({ file }) => file)), []);
});

for (const { title, program, file } of programs) {
  test(`a program of the guide runs: ${title}`, async () => {
    const aimed = program.replace("http://127.0.0.1:8080", process.env.JUDGE_URL);
    assert.notEqual(aimed, program);
    mkdirSync(HERE, { recursive: true });
    const plain = file.replace(/ts$/, "mjs");
    writeFileSync(plain, erased(aimed));
    const { stdout } = await run(process.execPath, [plain]);
    assert.match(stdout, SAYS[title]);
  });
}

// Takes as long as all the others: `make test-typescript` asks for it.
const skip = process.env.JUDGE_CLIENT_TEST_PACK === undefined;
test("the package is built and installed as the guide says, and needs nothing else", { skip }, async (t) => {
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
