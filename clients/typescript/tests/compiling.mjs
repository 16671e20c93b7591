// The compiler, as the tests ask it.

import { fileURLToPath } from "node:url";
import ts from "typescript";

export const FOLDER = fileURLToPath(new URL("..", import.meta.url));

/** What the compiler has to say of some files: `{ line, code, text }`, lines from 1. */
export function said(files) {
  const { options } = ts.parseJsonConfigFileContent(ts.readConfigFile(`${FOLDER}tsconfig.json`, ts.sys.readFile).config, ts.sys, FOLDER);
  const changed = { ...options, noEmit: true, noUnusedLocals: false, rootDir: FOLDER };
  const found = ts.getPreEmitDiagnostics(ts.createProgram(files, changed));
  return found.map(({ file, start, code, messageText }) => ({
    file: file?.fileName,
    line: file === undefined ? 0 : file.getLineAndCharacterOfPosition(start).line + 1,
    code,
    text: ts.flattenDiagnosticMessageText(messageText, "\n"),
  }));
}

/** The same program without its types. */
export function erased(program) {
  const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true };
  return ts.transpileModule(program, { compilerOptions }).outputText;
}
