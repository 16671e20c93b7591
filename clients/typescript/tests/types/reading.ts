// What the compiler lets a caller read. Each line that it refuses says so, with the number of its error.

import { JudgeClient, type CaseOutcome, type ComparedOutcome, type models, type Verdict } from "judge-client";

const client = new JudgeClient("http://127.0.0.1:8080");
declare const told: CaseOutcome;
declare const verdict: Verdict;
declare const compared: ComparedOutcome;
declare const answer: models.Score;

const score: number = told.score; // refused: 2339
const level = verdict.level; // refused: 2339
const winner = compared.winner; // refused: 2339
const raw: number = answer.score; // refused: 2322
const sum = (await client.score({ rubric: "r", case: { response: "x" } })).score + 1; // refused: 2339

if (told.kind === "unscored") {
  const none = told.score; // refused: 2339
  const reason: string = told.reason;
}

if (told.kind === "scored") {
  const number: number = told.score;
}

function read(outcome: CaseOutcome): number | string {
  switch (outcome.kind) {
    case "scored":
      return outcome.score;
    case "unscored":
      return outcome.reason;
  }
}

for await (const line of client.stream([])) {
  const early = line.result; // refused: 2339
  if (line.error === null) read(line.result);
}

for (const { error, result } of (await client.scoreMany([])).items) read(result); // refused: 2339

const better: string = compared.kind === "preferred" ? compared.winner : compared.reason;

await client.score({ rubric: "r", case: { response: "x" }, cache: "never" }); // refused: 2322
await client.score({ rubric: "r", case: { response: "x" }, rubrik: "r" }); // refused: 2561
await client.score({ rubric: "r" }); // refused: 2741
const newer: models.Unscored = { outcome: "what a newer service adds", reason: "r", weight: 1 };
