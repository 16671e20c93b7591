import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { FOLDER, said } from "./compiling.mjs";

test("the compiler refuses what reads a number without asking, and nothing else", () => {
  const file = `${FOLDER}tests/types/reading.ts`;
  const lines = readFileSync(file, "utf8").split("\n");
  const wanted = lines.flatMap((text, at) => {
    const code = /\/\/ refused: (\d+)$/.exec(text)?.[1];
    return code === undefined ? [] : [`${at + 1}: ${code}`];
  });
  assert.ok(wanted.length > 8);
  assert.deepEqual(said("types", [file]), wanted);
});
