/** What this client is, and which services it can talk to. */

import { Incompatible, Refused } from "./errors.js";
import type { Version } from "./models.js";

export const VERSION = "0.1.0";

/** The level of the API that this client speaks. A level changes when a caller's code would have to. */
export const API_LEVEL = 1;

const UNKNOWN: ReadonlySet<number> = new Set([404, 405]);

/** The version that a service tells, if it fits. */
export function fitting(told: Version): Version {
  if (typeof told.api !== "number") throw new Incompatible("the address answers, and what answers is no Judge Service");
  if (told.api === API_LEVEL) return told;
  const other = told.api > API_LEVEL ? "client" : "service";
  throw new Incompatible(
    `the service (version ${told.version}) speaks level ${told.api} of its API, and this client (version ${VERSION}) ` +
      `speaks ${API_LEVEL}: use a newer ${other}`,
  );
}

/** What a refusal to tell the version means: a gateway's refusal stays one, for the caller lacks a right. */
export function misfit(error: unknown): unknown {
  if (!(error instanceof Refused && UNKNOWN.has(error.status))) return error;
  return new Incompatible(
    "the address does not tell the version of a Judge Service: there is none, or it is older than this client " +
      `(version ${VERSION}); is the address right?`,
  );
}
