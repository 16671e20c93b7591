/** What is asked over HTTP and what comes back. */

import { errorOf, Incompatible, type NoAnswer, type Refused, waitOf } from "./errors.js";
import type { Problem } from "./models.js";

export const JSON_TYPE = "application/json";
export const NDJSON = "application/x-ndjson";
export const DEADLINE_HEADER = "x-request-deadline-ms";
/** For an answer's way, beyond the time that the service has for it. */
export const WAY_BACK_MS = 5_000;

/** One HTTP request. A body can be sent again. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Blob;
}

/** One HTTP answer, read to its end. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** One thing to ask of the service, and how to read its answer. */
export interface Operation<T> {
  readonly call: Call;
  readonly read: (reply: Reply) => T;
  /** Asking twice does no harm, also where the first may have been worked on. */
  readonly repeatable: boolean;
  /** The service is told how much time is left. */
  readonly bounded?: boolean;
  /** For all tries together, where it is not the client's. */
  readonly deadlineMs?: number | undefined;
}

/** Read something. */
export function get<T>(path: string, read: (reply: Reply) => T, query: Call["query"] = {}): Operation<T> {
  return { call: { method: "GET", path, query, headers: { accept: JSON_TYPE } }, read, repeatable: true };
}

/** Send a JSON body. NaN and Infinity are no JSON, and never go out as a null. */
export function post<T>(path: string, body: unknown, read: (reply: Reply) => T): Operation<T> {
  const headers = { accept: JSON_TYPE, "content-type": JSON_TYPE };
  return { call: { method: "POST", path, headers, body: encoded(body) }, read, repeatable: true };
}

export function encoded(body: unknown): string {
  return JSON.stringify(body, (name, value: unknown) => {
    if (typeof value === "number" && !Number.isFinite(value)) throw new TypeError(`${name}: ${value} is no JSON`);
    return value;
  });
}

/** Read an answer as a shape of the service's. */
export function into<T extends object>(reply: Reply): T {
  return parsed(reply.text);
}

/** Read JSON as an object; what is none is of another API. The error quotes nothing of it. */
export function parsed<T extends object>(text: string): T {
  const found = objectIn(text);
  if (found === null) throw new Incompatible("the service's answer is no JSON object");
  return found as T;
}

/** The error that an answer is, or null. */
export function faultOf(reply: Reply): Refused | NoAnswer | Incompatible | null {
  if (reply.status >= 200 && reply.status < 300) return null;
  if (reply.status < 400) {
    return new Incompatible(`the address answers with status ${reply.status}, which no Judge Service does`);
  }
  return errorOf(problemOf(reply), reply.status, waitOf(reply.headers.get("retry-after")));
}

/** What the service itself said of an error; null where it was not the service. */
export function problemOf(reply: Reply): Problem | null {
  const kind = reply.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  return kind === "application/problem+json" ? (objectIn(reply.text) as Problem | null) : null;
}

function objectIn(text: string): object | null {
  try {
    const found: unknown = JSON.parse(text);
    return typeof found === "object" && !Array.isArray(found) ? found : null;
  } catch {
    return null;
  }
}
