/**
 * Answers that come bit by bit, and go on where a lost connection left them. A course says what to ask for next, is fed
 * what comes, and gives what it makes of it, each thing once.
 */

import { areKept, type BatchLine, lineOf, type ManyCases, manyCases, sendable } from "./batches.js";
import { type Call, DEADLINE_HEADER, NDJSON, parsed, WAY_BACK_MS } from "./calls.js";
import { Incompatible, Unreachable } from "./errors.js";
import type { Job } from "./models.js";

/** What is followed. */
export interface Course<T> {
  /** A connection that says nothing for so long is lost. */
  readonly silenceMs: number;
  /** It may be long until something comes, so a connection that was had is a sign of life. */
  readonly waits: boolean;
  /** Asking again does no harm. */
  readonly repeatable: boolean;
  readonly done: boolean;
  call(): Call;
  /** Hear the status; false where it is an error for this course as for any. */
  begin(status: number): boolean;
  feed(piece: Uint8Array): Iterable<T>;
  /** Hear that this connection has given all. */
  ended(): void;
}

/** The service gives a sign of life every 15 seconds. */
const SILENCE_MS = 60_000;
const NEWLINE = 10;

/** Cuts bytes into lines; knows how many bytes the lines so far had. */
class Lines {
  position: number;
  #begun: Uint8Array[] = [];
  readonly #decoder = new TextDecoder();

  constructor(position = 0) {
    this.position = position;
  }

  /** Give the lines that are whole now, each without its end. */
  *feed(piece: Uint8Array): Iterable<string> {
    let from = 0;
    for (let end = piece.indexOf(NEWLINE); end >= 0; end = piece.indexOf(NEWLINE, from)) {
      yield this.#whole(piece.subarray(from, end));
      from = end + 1;
    }
    if (from < piece.length) this.#begun.push(piece.subarray(from));
  }

  /** Drop what was begun and not ended: it comes again. */
  forget(): void {
    this.#begun = [];
  }

  #whole(last: Uint8Array): string {
    const pieces = [...this.#begun, last];
    this.#begun = [];
    this.position += 1 + pieces.reduce((sum, piece) => sum + piece.length, 0);
    const text = pieces.map((piece) => this.#decoder.decode(piece, { stream: true })).join("");
    return text + this.#decoder.decode();
  }
}

/** A file of a job, from a byte on: lines are only ever added to it. */
export class Download<T> implements Course<T> {
  readonly silenceMs = SILENCE_MS;
  readonly waits = false;
  readonly repeatable = true;
  done = false;
  #start: number;
  readonly #path: string;
  readonly #read: (line: string, end: number) => T;
  readonly #lines: Lines;

  constructor(path: string, start: number, read: (line: string, end: number) => T) {
    this.#path = path;
    this.#start = start;
    this.#read = read;
    this.#lines = new Lines(start);
  }

  call(): Call {
    this.#lines.forget();
    this.#start = this.#lines.position;
    // Bytes are counted in the file, and so it may not come compressed.
    const headers = { accept: NDJSON, "accept-encoding": "identity" };
    const ranged = this.#start > 0 ? { range: `bytes=${this.#start}-` } : {};
    return { method: "GET", path: this.#path, headers: { ...headers, ...ranged } };
  }

  begin(status: number): boolean {
    if (status === 416 && this.#start > 0) this.done = true; // there is nothing behind what we have
    if (status === 200 && this.#start > 0) {
      throw new Incompatible("the service gave the whole file where its rest was asked for");
    }
    return this.done || status === 200 || status === 206;
  }

  *feed(piece: Uint8Array): Iterable<T> {
    for (const line of this.#lines.feed(piece)) yield this.#read(line, this.#lines.position);
  }

  ended(): void {
    this.done = true;
  }
}

/** A job's events: the job whenever it changed, until it has ended. */
export class Following implements Course<Job> {
  readonly silenceMs = SILENCE_MS;
  readonly waits = true;
  readonly repeatable = true;
  done = false;
  #seen = "";
  #event = new Map<string, string>();
  readonly #path: string;
  readonly #lines = new Lines();

  constructor(path: string) {
    this.#path = path;
  }

  call(): Call {
    this.#lines.forget();
    this.#event = new Map();
    const since: Record<string, string> = this.#seen ? { "last-event-id": this.#seen } : {};
    return { method: "GET", path: this.#path, headers: { accept: "text/event-stream", ...since } };
  }

  begin(status: number): boolean {
    return status === 200;
  }

  *feed(piece: Uint8Array): Iterable<Job> {
    for (const raw of this.#lines.feed(piece)) {
      const [, name = "", value = ""] = /^([^:\r]*):? ?(.*?)\r?$/.exec(raw) ?? [];
      if (name !== "" || value !== "") {
        this.#event.set(name, value);
        continue;
      }
      const event = this.#event;
      this.#event = new Map();
      const data = event.get("data");
      if (data === undefined) continue;
      this.#seen = event.get("id") ?? this.#seen;
      this.done = event.get("event") === "end";
      yield parsed<Job>(data);
    }
  }

  ended(): void {
    // The service stops; whoever comes in its place goes on.
    if (!this.done) throw new Unreachable("the stream of events ended before the job did", true);
  }
}

/** Many cases, each as it is done; after a lost connection only those are asked for that have not come. */
export class BatchStream implements Course<BatchLine> {
  readonly silenceMs: number;
  readonly waits = false;
  readonly repeatable: boolean;
  readonly #pending: Map<number, ManyCases["items"][number]>;
  readonly #unsent: ReadonlyMap<number, BatchLine>;
  readonly #defaults: ManyCases["defaults"];
  readonly #first: number;
  readonly #deadlineMs: number;
  readonly #lines = new Lines();
  #asked: ReadonlyArray<number> = [];

  /** `first`: what the first of these items counts as. */
  constructor(cases: ManyCases, first: number, deadlineMs: number) {
    const { sent, unsent } = sendable(cases.items);
    this.#pending = new Map(sent.entries());
    this.#unsent = unsent;
    this.#defaults = cases.defaults;
    this.#first = first;
    this.#deadlineMs = deadlineMs;
    // Every case may take all of the time, and then the service still says so.
    this.silenceMs = deadlineMs + WAY_BACK_MS;
    this.repeatable = areKept(cases);
  }

  get done(): boolean {
    return this.#pending.size === 0;
  }

  call(): Call {
    this.#lines.forget();
    this.#asked = [...this.#pending.keys()];
    const { call } = manyCases({ items: [...this.#pending.values()], defaults: this.#defaults });
    const deadline = String(Math.floor(this.#deadlineMs));
    return { ...call, headers: { ...call.headers, accept: NDJSON, [DEADLINE_HEADER]: deadline } };
  }

  begin(status: number): boolean {
    return status === 200;
  }

  *feed(piece: Uint8Array): Iterable<BatchLine> {
    for (const raw of this.#lines.feed(piece)) {
      const line = lineOf(raw);
      if (line === null) {
        if (!this.done) throw new Incompatible("the service ended a batch and left out some of its items");
        continue;
      }
      const place = this.#asked[line.index];
      if (place === undefined || !this.#pending.delete(place)) {
        throw new Incompatible("the service told an item of a batch twice, or one that was not asked for");
      }
      yield { ...(this.#unsent.get(place) ?? line), index: this.#first + place };
    }
  }

  ended(): void {
    if (!this.done) throw new Unreachable("the stream of a batch was cut before its end", true);
  }
}
