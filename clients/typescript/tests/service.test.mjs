// The client before the real service, whose address is in JUDGE_URL: embedded judge `default`, `away` behind nobody.

import assert from "node:assert/strict";
import { test } from "node:test";

import { JudgeClient, NoAnswer, Refused } from "judge-client";

const client = new JudgeClient(process.env.JUDGE_URL, { patience: { tries: 2, firstPauseMs: 1 } });
const REFERENCE = "Right lower lobe pneumonia.";
const asking = (response, more = {}) => ({ rubric: "medical-qa", case: { response, reference: REFERENCE }, ...more });

async function all(course) {
  const told = [];
  for await (const one of course) told.push(one);
  return told;
}

test("a case has a score, and criteria with levels", async () => {
  const told = await client.score(asking("Pneumonia of the right lower lobe."));
  assert.equal(told.kind, "scored");
  assert.equal(told.score, 100);
  assert.equal(told.answer.provenance.instrument, "lexical-baseline");
  for (const verdict of Object.values(told.criteria)) assert.equal(verdict.kind, "scored");
});

test("a case without a score has no number, and who asks for one hears why", async () => {
  const told = await client.score({ rubric: "medical-qa", case: { response: "Pneumonia." } });
  assert.equal(told.kind, "unscored");
  assert.equal(told.outcome, "missing_input");
  assert.equal(told.answer.score, null);
  assert.throws(() => told.score, /there is no score: .* ask `kind` first/);
  assert.throws(() => told.interval, TypeError);
  const without = Object.values(told.criteria).find(({ kind }) => kind === "unscored");
  assert.throws(() => without.level, TypeError);
  assert.doesNotThrow(() => JSON.stringify(told));
});

test("a judge that is away is no answer, and never a score", async () => {
  const error = await client.score(asking("Pneumonia.", { judge: "away" })).catch((caught) => caught);
  assert.ok(error instanceof NoAnswer);
  assert.equal(error.outcome, "provider_error");
  assert.equal(error.problem.status, error.status);
});

test("a request that is at fault is refused, with the fields that are", async () => {
  const error = await client.score(asking("x", { samples: 0 })).catch((caught) => caught);
  assert.ok(error instanceof Refused);
  assert.deepEqual([error.status, error.faults[0].pointer], [422, "/samples"]);
  await assert.rejects(client.score(asking("x", { rubric: "no-such" })), { status: 404, kind: "rubric-not-found" });
});

test("many cases are answered in their order, each by itself", async () => {
  const items = [asking("Pneumonia."), asking("x", { judge: "away" }), asking("A fracture.")];
  const batch = await client.scoreMany(items, { defaults: { cache: "off" } });
  assert.deepEqual(batch.items.map(({ error, result }) => error?.name ?? result.kind), ["scored", "NoAnswer", "scored"]);
  assert.deepEqual(batch.counts, { scored: 2, provider_error: 1 });
});

test("half a character is its own case's error, and no other's", async () => {
  const items = [asking("Pneumonia."), asking("A \ud83d", { custom_id: "b" }), asking("A fracture."), asking("A 🫁.")];
  const streamed = (await all(client.stream(items))).sort((a, b) => a.index - b.index);
  for (const told of [(await client.scoreMany(items)).items, streamed]) {
    assert.deepEqual(told.map(({ error, result }) => error?.kind ?? result.kind), ["scored", "malformed-body", "scored", "scored"]);
    assert.deepEqual([told[1].customId, told[1].error.status], ["b", 422]);
    assert.ok(told[1].error instanceof Refused);
    assert.match(told[1].error.message, /half a character/);
  }
});

test("a stream gives every case once, over more than one call", async () => {
  async function* cases() {
    for (let at = 0; at < 300; at++) yield { case: { response: `Pneumonia ${at % 3}.`, reference: REFERENCE } };
  }
  const told = await all(client.stream(cases(), { defaults: { rubric: "medical-qa" } }));
  assert.deepEqual(told.map(({ index }) => index).sort((a, b) => a - b), [...Array(300).keys()]);
  assert.ok(told.every(({ error, result }) => error === null && result.kind === "scored"));
});

test("who leaves a stream lets go of it", async () => {
  for await (const { index } of client.stream([asking("Pneumonia."), asking("A fracture.")])) {
    assert.ok(index < 2);
    break;
  }
});

test("a job is handed over, watched to its end and read, line for line", async () => {
  async function* cases() {
    for (let at = 0; at < 20; at++) yield [`case-${at}`, asking(`Pneumonia ${at}.`)];
    yield ["lost", asking("x", { rubric: "no-such" })];
  }
  const job = await client.jobs.submit(cases(), { metadata: { ward: "7" }, priority: "high" });
  let last = job;
  for await (last of client.jobs.watch(job.id));
  assert.deepEqual([last.state, last.counts.total, last.metadata.ward], ["completed", 21, "7"]);
  const results = await all(client.jobs.results(job.id));
  const errors = await all(client.jobs.errors(job.id));
  assert.equal(results.length, 20);
  assert.ok(results.every(({ result }) => result.kind === "scored"));
  assert.deepEqual(errors.map(({ customId, error }) => [customId, error.kind]), [["lost", "rubric-not-found"]]);
  const rest = await all(client.jobs.results(job.id, { start: results[17].end }));
  assert.deepEqual(rest.map(({ customId }) => customId), results.slice(18).map(({ customId }) => customId));
  assert.deepEqual(await all(client.jobs.results(job.id, { start: results[19].end })), []);
  assert.equal((await client.jobs.get(job.id)).state, "completed");
  assert.ok((await client.jobs.list({ limit: 5 })).data.some(({ id }) => id === job.id));
  await client.jobs.forget(job.id);
  await client.jobs.forget(job.id);
  await assert.rejects(client.jobs.get(job.id), { status: 404 });
});

test("one key makes one job, and a job can be ended", async () => {
  const cases = [["a", asking("Pneumonia.")]];
  const first = await client.jobs.submit(cases, { idempotencyKey: "k-1" });
  assert.equal((await client.jobs.submit(cases, { idempotencyKey: "k-1" })).id, first.id);
  assert.equal((await client.jobs.cancel(first.id)).id, first.id);
});

test("a file of lines goes as it is", async () => {
  const line = JSON.stringify({ custom_id: "a", method: "POST", url: "/v1/scores", body: asking("Pneumonia.") });
  assert.equal((await client.jobs.submit(new Blob([`${line}\n`]))).counts.total, 1);
});

test("two responses have a winner or a reason", async () => {
  const pair = (a, b) => ({ rubric: "medical-qa", case: { reference: REFERENCE, responses: { a, b } } });
  const told = await client.compare(pair("Pneumonia of the right lower lobe.", "A fracture."));
  assert.deepEqual([told.kind, told.winner, told.preference > 0], ["preferred", "a", true]);
  const without = await client.compare({ rubric: "medical-qa", case: { responses: { a: "Pneumonia.", b: "Flu." } } });
  assert.equal(without.kind, "none");
  assert.throws(() => without.winner, TypeError);
});

test("judges, rubrics and the version are told", async () => {
  assert.deepEqual((await client.judges()).map(({ name }) => name).sort(), ["away", "default"]);
  assert.ok((await client.rubrics()).some(({ id }) => id === "medical-qa"));
  assert.equal((await client.rubric("medical-qa")).id, "medical-qa");
  assert.equal((await client.version()).api, 1);
});
