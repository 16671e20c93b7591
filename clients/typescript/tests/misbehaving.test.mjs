// What the client does when the service, or what stands before it, does not do as it should.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Incompatible, JudgeClient, JudgeClientError, NoAnswer, Refused, Unreachable } from "judge-client";

import { chance, HANGS_UP, lines, problem, says, SCORE, scripted, SILENT } from "./stub.mjs";

const REQUEST = { rubric: "r", case: { response: "a secret of the patient's" } };
const item = (index, more = { status: 200, score: SCORE }) => ({ index, ...more });

/** A client of a script; gives what was heard and slept beside it. */
async function playing(t, script, { version, ...options } = {}) {
  const stub = await scripted(script, version);
  t.after(stub.close);
  const clock = chance();
  return { ...stub, pauses: clock.pauses, client: new JudgeClient(stub.url, { chance: clock, ...options }) };
}

async function all(course) {
  const told = [];
  for await (const one of course) told.push(one);
  return told;
}

test("what is busy is asked again, after the wait that it names and a drawn pause", async (t) => {
  const busy = problem(429, { retryable: true }, { "retry-after": "7" });
  const { client, heard, pauses } = await playing(t, [busy, problem(503, { retryable: true }), says(SCORE)]);
  assert.equal((await client.score(REQUEST)).score, 75);
  assert.equal(heard.length, 3);
  assert.deepEqual(pauses, [7025, 500]);
});

test("a date is a wait as well", async (t) => {
  const until = new Date(Date.now() + 60_000).toUTCString();
  const { client, pauses } = await playing(t, [problem(503, { retryable: true }, { "retry-after": until }), says(SCORE)]);
  await client.score(REQUEST);
  assert.ok(pauses[0] > 55_000 && pauses[0] <= 60_025, String(pauses[0]));
});

test("a wait that would be too late is not begun: the caller hears what the service said", async (t) => {
  const busy = problem(429, { retryable: true }, { "retry-after": "7" });
  const { client, heard, pauses } = await playing(t, [busy]);
  const error = await client.score(REQUEST, { deadlineMs: 5000 }).catch((caught) => caught);
  assert.ok(error instanceof NoAnswer);
  assert.equal(error.retryAfterMs, 7000);
  assert.deepEqual([heard.length, pauses], [1, []]);
});

test("after the last try the error carries the whole problem", async (t) => {
  const down = problem(503, { retryable: true, outcome: "timeout", code: "slow", request_id: "q-1" });
  const { client, heard } = await playing(t, [down], { patience: { tries: 3 } });
  const error = await client.score(REQUEST).catch((caught) => caught);
  assert.ok(error instanceof NoAnswer && error instanceof JudgeClientError && error instanceof Error);
  assert.deepEqual([error.outcome, error.code, error.problem.request_id], ["timeout", "slow", "q-1"]);
  assert.equal(heard.length, 3);
});

test("what is refused is not asked again, and its error quotes nothing of the case", async (t) => {
  const refusal = problem(422, { errors: [{ pointer: "/case/response", detail: "too long" }] });
  const { client, heard } = await playing(t, [refusal]);
  const error = await client.score(REQUEST).catch((caught) => caught);
  assert.ok(error instanceof Refused);
  assert.deepEqual([error.status, error.kind, error.faults[0].pointer], [422, "x-y", "/case/response"]);
  assert.equal(heard.length, 1);
  assert.ok(!`${error.stack}`.includes("secret"));
});

test("a proxy's 502 without a problem may pass; its 500 may not", async (t) => {
  const proxy = (status) => ({ status, type: "text/html", body: "<h1>bad</h1>" });
  const { client, heard } = await playing(t, [proxy(502), proxy(500)]);
  const error = await client.score(REQUEST).catch((caught) => caught);
  assert.deepEqual([error.status, error.problem, heard.length], [500, null, 2]);
});

test("a lost connection is made again where that costs nothing, and only there", async (t) => {
  const kept = await playing(t, [HANGS_UP, says(SCORE)]);
  assert.equal((await kept.client.score(REQUEST)).score, 75);
  const unkept = await playing(t, [HANGS_UP, says(SCORE)]);
  const error = await unkept.client.score({ ...REQUEST, cache: "off" }).catch((caught) => caught);
  assert.ok(error instanceof Unreachable && error.sent);
  assert.equal(unkept.heard.length, 1);
});

test("where nobody listens nothing was sent", async () => {
  const stub = await scripted([]);
  stub.close();
  const client = new JudgeClient(stub.url, { chance: chance(), patience: { tries: 2 } });
  const error = await client.score({ ...REQUEST, cache: "off" }).catch((caught) => caught);
  assert.ok(error instanceof Unreachable);
  assert.equal(error.sent, false);
});

test("a service that says nothing is given up at the deadline", async (t) => {
  const { client } = await playing(t, [SILENT], { patience: { tries: 1 } });
  const error = await client.score(REQUEST, { deadlineMs: 60 }).catch((caught) => caught);
  assert.ok(error instanceof Unreachable && error.sent);
});

test("the caller's signal ends a call, a pause and a stream, with its own reason", { timeout: 10_000 }, async (t) => {
  const reason = new Error("the user left");
  const { client } = await playing(t, [SILENT]);
  const leaving = new AbortController();
  const { signal } = leaving;
  const asked = [client.score(REQUEST, { signal }), all(client.stream([REQUEST], { signal }))];
  const busy = await playing(t, [problem(503, { retryable: true }, { "retry-after": "100" })]);
  asked.push(new JudgeClient(busy.url).score(REQUEST, { signal }));
  setTimeout(() => leaving.abort(reason), 60);
  for (const ended of await Promise.allSettled(asked)) assert.equal(ended.reason, reason);
});

test("the service hears how much time is left", async (t) => {
  const { client, heard } = await playing(t, [problem(503, { retryable: true }), says(SCORE)]);
  await client.score(REQUEST, { deadlineMs: 20_000 });
  const told = heard.map(({ headers }) => Number(headers["x-request-deadline-ms"]));
  assert.deepEqual(told, [19_500, 19_250]);
});

test("headers and tenant go with every call, the caller's own before ours", async (t) => {
  const { client, heard } = await playing(t, [says(SCORE)], { tenant: "w", headers: { Authorization: "k", "X-Tenant": "x" } });
  await client.score(REQUEST);
  assert.deepEqual([heard[0].headers.authorization, heard[0].headers["x-tenant"]], ["k", "x"]);
});

test("the version is asked for once, by clients that share it too", async (t) => {
  const { client, versions } = await playing(t, [says(SCORE)]);
  await client.score(REQUEST);
  await client.withPatience({ tries: 1 }).score(REQUEST);
  assert.equal(versions.asked, 1);
});

for (const [told, words] of [
  [says({ version: "3.0", api: 2 }), /level 2 .* use a newer client/],
  [says({ version: "0.0", api: 0 }), /level 0 .* use a newer service/],
  [says({ hello: 1 }), /no Judge Service/],
  [{ status: 200, type: "text/html", body: "<h1>hi</h1>" }, /no Judge Service/],
  [{ status: 404, type: "text/html", body: "" }, /is the address right/],
  [{ status: 302, type: "text/html", body: "", headers: { location: "/other" } }, /status 302/],
]) {
  test(`a service that does not fit is told so: ${words}`, async (t) => {
    const { client, heard } = await playing(t, [says(SCORE)], { version: told });
    await assert.rejects(client.score(REQUEST), (error) => error instanceof Incompatible && words.test(error.message));
    assert.equal(heard.length, 0);
  });
}

test("a gateway's refusal stays one", async (t) => {
  const { client } = await playing(t, [says(SCORE)], { version: { status: 401, type: "text/html", body: "" } });
  await assert.rejects(client.score(REQUEST), (error) => error instanceof Refused && error.status === 401);
});

for (const told of [
  { ...SCORE, outcome: "refused" },
  { ...SCORE, score: null },
  { ...SCORE, score: "75" },
  { ...SCORE, criteria: undefined },
  { ...SCORE, criteria: null },
  { ...SCORE, criteria: { c: null } },
  { ...SCORE, criteria: { c: { reason: "?" } } },
  { ...SCORE, outcome: undefined, score: null },
  [1],
]) {
  test(`an answer that contradicts itself is no score: ${JSON.stringify(told).slice(0, 60)}`, async (t) => {
    const { client } = await playing(t, [says(told)]);
    await assert.rejects(client.score(REQUEST), Incompatible);
  });
}

const verdict = (more) => ({ ...SCORE, criteria: { c: { ...SCORE.criteria.c, ...more } } });
const asText = (told, written) => says(null, { body: JSON.stringify(told).replace('"?"', written) });

for (const [told, written] of [
  ...["-5", "100.1", "1e999", "-1e999", '"75"', "true"].map((number) => [{ ...SCORE, score: "?" }, number]),
  ...["-1", "101", "1e999", '"75"'].map((number) => [verdict({ value: "?" }), number]),
  ...["1e999", "null", "true"].map((number) => [verdict({ level: "?" }), number]),
]) {
  const where = told.score === "?" ? "score" : told.criteria.c.value === "?" ? "value" : "level";
  test(`what is no number from 0 to 100 is no score: ${where} ${written}`, async (t) => {
    const { client } = await playing(t, [asText(told, written)]);
    await assert.rejects(client.score(REQUEST), Incompatible);
    const line = asText({ ...item(0), score: told }, written);
    const row = { ...line, type: "application/x-ndjson", body: `${line.body}\n{"done": true}\n` };
    const { client: streaming } = await playing(t, [row]);
    await assert.rejects(all(streaming.stream([REQUEST])), Incompatible);
  });
}

test("the ends of the scale are scores", async (t) => {
  for (const score of [0, 100]) {
    const { client } = await playing(t, [says({ ...SCORE, score })]);
    assert.equal((await client.score(REQUEST)).score, score);
  }
});

test("a preference is from -1 to 1", async (t) => {
  const told = { id: "c-1", outcome: "compared", winner: "a", preference: "?", criteria: {} };
  for (const written of ["1.5", "-2", "1e999"]) {
    const { client } = await playing(t, [asText(told, written)]);
    await assert.rejects(client.compare({}), Incompatible);
  }
});

test("a stream that is cut goes on with the cases that have not come", async (t) => {
  const first = lines([item(1), item(0)]);
  const cut = { ...first, cut: first.body.indexOf("\n") + 20 };
  const { client, heard } = await playing(t, [cut, lines([item(1), item(0), { done: true }])]);
  const cases = ["x", "y", "z"].map((response) => ({ rubric: "r", case: { response } }));
  const told = await all(client.stream(cases));
  assert.deepEqual(told.map(({ index }) => index), [1, 2, 0]);
  assert.deepEqual(JSON.parse(heard[1].body).items, [cases[0], cases[2]]);
});

test("a stream that loses a case, or tells one twice, is of another API", async (t) => {
  for (const told of [[item(0), { done: true }], [item(0), item(0)], [item(7)]]) {
    const { client } = await playing(t, [lines(told)]);
    await assert.rejects(all(client.stream([REQUEST, REQUEST])), Incompatible);
  }
});

test("a stream that never goes on is given up after as many tries", async (t) => {
  const { client, heard } = await playing(t, [HANGS_UP], { patience: { tries: 3 } });
  await assert.rejects(all(client.stream([REQUEST])), Unreachable);
  assert.equal(heard.length, 3);
});

test("a download that is cut in a letter goes on behind its last whole line", async (t) => {
  const line = (custom_id) => ({ custom_id, response: { status_code: 200, body: SCORE }, error: null });
  const whole = lines([line("å"), line("ö")]);
  const bytes = Buffer.from(whole.body);
  const end = bytes.indexOf(10) + 1;
  const cut = { ...whole, body: bytes, cut: bytes.indexOf("ö") + 1 };
  const rest = { ...whole, status: 206, body: bytes.subarray(end) };
  const { client, heard } = await playing(t, [cut, rest]);
  const told = await all(client.jobs.results("j"));
  assert.deepEqual(told.map(({ customId, end: at }) => [customId, at]), [["å", end], ["ö", bytes.length]]);
  assert.equal(heard[1].headers.range, `bytes=${end}-`);
});

test("events go on behind the last that was seen", async (t) => {
  const event = (id, name) => `id: ${id}\nevent: ${name}\ndata: {"id": "j", "state": "${name}"}\n\n: alive\n\n`;
  const stream = (body) => ({ status: 200, type: "text/event-stream", body });
  const { client, heard } = await playing(t, [stream(event(1, "progress")), stream(event(2, "end"))]);
  assert.deepEqual((await all(client.jobs.watch("j"))).map(({ state }) => state), ["progress", "end"]);
  assert.equal(heard[1].headers["last-event-id"], "1");
});

test("all tries of a job carry one key and the whole body; two jobs carry two keys", async (t) => {
  const { client, heard } = await playing(t, [HANGS_UP, says({ id: "j" })]);
  async function* cases() {
    yield ["a", REQUEST];
    yield ["b", REQUEST];
  }
  assert.equal((await client.jobs.submit(cases(), { metadata: { ward: "7" }, concurrency: 2 })).id, "j");
  await client.jobs.submit([["a", REQUEST]]);
  const keys = heard.map(({ headers }) => headers["idempotency-key"]);
  assert.equal(keys[0], keys[1]);
  assert.notEqual(keys[1], keys[2]);
  assert.equal(heard[0].body, heard[1].body);
  assert.equal(heard[1].body.trim().split("\n").length, 2);
  assert.equal(heard[1].url, "/v1/jobs?concurrency=2&metadata=%7B%22ward%22%3A%227%22%7D");
});

test("NaN is never sent as a null", async (t) => {
  const { client } = await playing(t, [says(SCORE)]);
  assert.throws(() => client.score({ ...REQUEST, max_cost_usd: Number.NaN }), TypeError);
});

test("what cannot be is refused before anything is sent", async () => {
  assert.throws(() => new JudgeClient("127.0.0.1:8080"), TypeError);
  assert.throws(() => new JudgeClient("http://x", { patience: { tries: 0 } }), RangeError);
  const client = new JudgeClient("http://127.0.0.1:9");
  await assert.rejects(client.scoreMany([]), RangeError);
});
