// A server on a loopback socket that says word for word what a test gives it, or hangs up in the middle.

import { createServer } from "node:http";

export const SCORE = {
  id: "s-1",
  outcome: "scored",
  score: 75,
  criteria: { c: { outcome: "scored", level: 3, value: 75, weight: 1, rationale: "r" } },
  provenance: {},
  what_a_newer_one_adds: 1,
};

export const says = (told, more = {}) => ({ status: 200, type: "application/json", body: JSON.stringify(told), ...more });

export const lines = (told, more = {}) =>
  says(null, { type: "application/x-ndjson", body: told.map((line) => `${JSON.stringify(line)}\n`).join(""), ...more });

export const problem = (status, told = {}, headers = {}) =>
  says(
    { type: "urn:judge-service:problem:x-y", title: "X", status, detail: "because", retryable: false, ...told },
    { status, type: "application/problem+json", headers },
  );

export const HANGS_UP = { hangsUp: true };
export const SILENT = { silent: true };

/** Plays its script, one answer a request, the last for ever; the version it tells by itself. */
export async function scripted(script, version = says({ version: "9.9.9", api: 1 })) {
  const heard = [];
  const versions = { asked: 0 };
  const left = [...script];
  const server = createServer(async (request, response) => {
    const pieces = [];
    for await (const piece of request) pieces.push(piece);
    const own = request.url.startsWith("/v1/version");
    if (own) versions.asked += 1;
    else heard.push({ method: request.method, url: request.url, headers: request.headers, body: String(Buffer.concat(pieces)) });
    const told = own ? version : left.length > 1 ? left.shift() : left[0];
    if (told.silent) return;
    if (told.hangsUp) return void request.socket.destroy();
    response.writeHead(told.status, { "content-type": told.type, ...told.headers });
    if (told.cut === undefined) return void response.end(told.body);
    response.write(told.body.slice(0, told.cut), () => request.socket.destroy());
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    heard,
    versions,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** A clock that no one waits for: pauses pass at once and are written down. */
export function chance(drawn = 0.5) {
  const pauses = [];
  let at = 0;
  const sleep = async (ms) => {
    pauses.push(ms);
    at += ms;
  };
  return { pauses, now: () => at, random: () => drawn, sleep };
}
