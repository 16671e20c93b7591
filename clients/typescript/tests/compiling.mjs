// The compiler, as the tests ask it.

import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const FOLDER = fileURLToPath(new URL("..", import.meta.url));
/** In the package, so that its name leads to what was built; nothing in there is kept. */
export const BUILD = `${FOLDER}build/`;

/** Compile these files of the package as strictly as its own, into `BUILD`; gives what there is to say, `line: code`. */
export function said(name, files) {
  mkdirSync(BUILD, { recursive: true });
  const project = `${BUILD}${name}.json`;
  const compilerOptions = { rootDir: "..", outDir: ".", declaration: false, noUnusedLocals: false };
  writeFileSync(project, JSON.stringify({ extends: "../tsconfig.json", compilerOptions, files, include: [] }));
  const words = [`${FOLDER}node_modules/typescript/bin/tsc`, "--pretty", "false", "--project", project];
  const { stdout } = spawnSync(process.execPath, words, { cwd: FOLDER, encoding: "utf8" });
  const lines = stdout.split("\n").filter((line) => line !== "" && !line.startsWith(" "));
  return lines.map((line) => line.replace(/^.*\((\d+),\d+\): error TS(\d+): .*$/, "$1: $2"));
}
