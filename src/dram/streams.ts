//
//   Request streams for DRAM channels: those that the golden results know by name, and a user's own.
//
//     "S2_1024", StreamSteps ──► streamRequests ──► DramRequest ...          a generator: no stream is held in memory
//     "R 0x1000\nW 4096 200"  ──► parseStream ────► DramRequest[]
//
//   i = request number, g = bytes of a transaction, R = bytes from one region to the next.
//     S1                   sequential: i*g
//     S2_B, S3_B           two, four slice streams R apart, B bytes of each in turn
//     S2o_B                as S2_B, the second one shifted by 64 KiB: another bank
//     S4                   1 KiB read, 3 KiB skipped
//     S5                   random transactions of the first GiB (xorshift64)
//     S6                   S1 with every tenth request a write to the next region
//     S7, S7d              two rows of one bank in turn;      d: one request at a time
//     S9d                  S5 one at a time
//     S8s_N, S8r_N         S1, S5 paced: request i not before clock i*N
//
//   Source      the formulas of the golden results: test/golden/dram-ddr4.json, field `streams`.

import { InputError } from "../basics/errors.js";
import type { DramRequest } from "../wasm/dram.js";

/** Steps between the places of a stream, in bytes. */
export interface StreamSteps {
  transactionBytes: number;
  region: number;
  /** To the next row of the same bank. */
  row: number;
  column: number;
  columns: number;
}

type Place = Pick<DramRequest, "address" | "write">;

/** A named stream, taken apart. */
interface StreamName {
  /** What its addresses are: S1 .. S7, and S2o. */
  kind: string;
  /** Bytes of one stream's turn, or clocks from request to request. */
  number: number;
  pace: "full" | "dependent" | "paced";
}

export const STREAM_NAMES = "S1, S2_B, S2o_B, S3_B, S4, S5, S6, S7, S7d, S9d, S8s_N, S8r_N";
const MOST_REQUESTS = 2 ** 20;
const STREAM_BYTES = 2 ** 26;
const BANK_OFFSET = 65536;
/** Far beyond every replay, and exact in every sum of clocks. */
const LAST_CLOCK = 2 ** 40;

/** How many requests a named stream has where nobody says. */
export function streamLength(name: string, transactionBytes: number): number {
  const { kind, pace } = parsed(name);
  if (pace === "dependent") return 2 ** 14;
  if (pace === "paced") return 2 ** 15;
  return kind === "S1" ? Math.min(STREAM_BYTES / transactionBytes, MOST_REQUESTS) : 2 ** 17;
}

export function isStreamName(name: string): boolean {
  return nameOf(name) !== undefined;
}

/** The requests of a named stream. */
export function streamRequests(name: string, count: number, steps: StreamSteps): Generator<DramRequest> {
  const stream = parsed(name);
  const turn = stream.number;
  if (stream.pace === "full" && turn % steps.transactionBytes !== 0) {
    throw new InputError(`stream ${name}: allowed are turns in multiples of ${steps.transactionBytes} bytes`);
  }
  return requestsOf(stream, count, steps);
}

/** A user's stream: one request a line, `R 0x1000` or `W 4096`, then the first clock it may come at; # starts a remark. */
export function parseStream(text: string, fileName: string): DramRequest[] {
  const requests: DramRequest[] = [];
  for (const [i, line] of text.split("\n").entries()) {
    const words = line.replace(/#.*/, "").trim();
    if (words !== "") requests.push(requestOf(words, `${fileName}:${i + 1}`));
  }
  if (requests.length === 0) throw new InputError(`${fileName}: holds no request; allowed are lines like R 0x1000`);
  return requests;
}

function requestOf(words: string, place: string): DramRequest {
  const [kind, address = "", clock = "0", ...more] = words.split(/\s+/);
  if (!/^[RW]$/i.test(kind)) throw new InputError(`${place}: ${kind}; allowed R or W`);
  if (more.length > 0) throw new InputError(`${place}: ${more[0]} is too much; allowed R|W ADDRESS [CLOCK]`);
  const limit = (what: string, most: number) => `${place}: ${what}; allowed a decimal or 0x integer below ${most}`;
  const byte = numberOf(address);
  if (!(byte < Number.MAX_SAFE_INTEGER)) throw new InputError(limit(`address ${address || "is missing"}`, 2 ** 53));
  const from = numberOf(clock);
  if (!(from < LAST_CLOCK)) throw new InputError(limit(`clock ${clock}`, LAST_CLOCK));
  return { address: byte, write: kind.toUpperCase() === "W", from };
}

function numberOf(text: string): number {
  return /^(\d+|0x[0-9a-f]+)$/i.test(text) ? Number(text) : Number.NaN;
}

// --- the named ones ---

function parsed(name: string): StreamName {
  const stream = nameOf(name);
  if (stream === undefined) throw new InputError(`stream ${name} is not known; allowed ${STREAM_NAMES}`);
  return stream;
}

function nameOf(name: string): StreamName | undefined {
  const [, kind, , digits] = /^(S[1-9](d|o|s|r)?)(?:_([1-9]\d{0,8}))?$/.exec(name) ?? [];
  const number = Number(digits ?? 0);
  const addresses: Record<string, string> = { S7d: "S7", S9d: "S5", S8s: "S1", S8r: "S5" };
  if (/^(S1|S4|S5|S6|S7)$/.test(kind) && number === 0) return { kind, number, pace: "full" };
  if (/^(S2|S2o|S3)$/.test(kind) && number > 0) return { kind, number, pace: "full" };
  if (/^(S7d|S9d)$/.test(kind) && number === 0) return { kind: addresses[kind], number, pace: "dependent" };
  if (/^(S8s|S8r)$/.test(kind) && number > 0) return { kind: addresses[kind], number, pace: "paced" };
  return undefined;
}

function* requestsOf({ kind, number, pace }: StreamName, count: number, steps: StreamSteps): Generator<DramRequest> {
  const placeOf = placesOf(kind, number, steps);
  for (let i = 0; i < count; i++) {
    const { address, write } = placeOf(i);
    const from = pace === "dependent" && i > 0 ? "previous" : pace === "paced" ? i * number : 0;
    yield { address, write, from };
  }
}

function placesOf(kind: string, turn: number, steps: StreamSteps): (i: number) => Place {
  const bytes = steps.transactionBytes;
  const read = (address: number) => ({ address, write: false });
  if (kind === "S2") return (i) => read(inTurns(i * bytes, turn, 2, steps.region));
  if (kind === "S2o") return (i) => read(inTurns(i * bytes, turn, 2, steps.region + BANK_OFFSET));
  if (kind === "S3") return (i) => read(inTurns(i * bytes, turn, 4, steps.region));
  if (kind === "S4") return (i) => read(Math.floor((i * bytes) / 1024) * 4096 + ((i * bytes) % 1024));
  if (kind === "S5") return scattered(bytes);
  if (kind === "S6") return (i) => everyTenthWrites(i, steps);
  if (kind === "S7") return (i) => read((i % 2) * steps.row + (Math.floor(i / 2) % steps.columns) * steps.column);
  return (i) => read(i * bytes);
}

function inTurns(byte: number, turn: number, streams: number, apart: number): number {
  const stream = Math.floor(byte / turn) % streams;
  return stream * apart + Math.floor(byte / (streams * turn)) * turn + (byte % turn);
}

function everyTenthWrites(i: number, { region, transactionBytes }: StreamSteps): Place {
  const tens = Math.floor(i / 10);
  if (i % 10 === 9) return { address: region + tens * transactionBytes, write: true };
  return { address: (i - tens) * transactionBytes, write: false };
}

function scattered(bytes: number): () => Place {
  let x = 0x9e3779b97f4a7c15n;
  return () => {
    x = BigInt.asUintN(64, x ^ (x << 13n));
    x ^= x >> 7n;
    x = BigInt.asUintN(64, x ^ (x << 17n));
    const byte = Number(BigInt.asUintN(30, x >> 20n));
    return { address: byte - (byte % bytes), write: false };
  };
}
