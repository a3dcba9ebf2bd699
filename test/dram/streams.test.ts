import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  isStreamName,
  parseStream,
  STREAM_NAMES,
  type StreamSteps,
  streamLength,
  streamRequests,
} from "../../src/dram/streams.js";

const streams = suite("request streams");

/** Regions of 2^20 bytes, transactions of 64. */
const STEPS: StreamSteps = { transactionBytes: 64, region: 2 ** 20, row: 8192, column: 256, columns: 3 };

function addresses(name: string, count: number): number[] {
  return [...streamRequests(name, count, STEPS)].map(({ address }) => address);
}

streams("have the addresses of their formulas", () => {
  assert.equal(addresses("S1", 4), [0, 64, 128, 192]);
  assert.equal(addresses("S2_128", 6), [0, 64, 2 ** 20, 2 ** 20 + 64, 128, 192]);
  assert.equal(addresses("S2o_128", 6), [0, 64, 2 ** 20 + 65536, 2 ** 20 + 65600, 128, 192]);
  assert.equal(addresses("S3_64", 5), [0, 2 ** 20, 2 ** 21, 3 * 2 ** 20, 64]);
  assert.equal(addresses("S4", 33).slice(15, 18), [960, 4096, 4160]);
  assert.equal(addresses("S7", 8), [0, 8192, 256, 8448, 512, 8704, 0, 8192]);
});

streams("S5 is a 64-bit xorshift, one step before each request", () => {
  let x = 0x9e3779b97f4a7c15n;
  const expected = Array.from({ length: 100 }, () => {
    x ^= (x << 13n) % 2n ** 64n;
    x ^= x >> 7n;
    x ^= (x << 17n) % 2n ** 64n;
    return Number(((x >> 20n) % 2n ** 30n) / 64n) * 64;
  });
  assert.equal(addresses("S5", 100), expected);
  for (const name of ["S9d", "S8r_20"]) assert.equal(addresses(name, 100), expected);
});

streams("S6 writes every tenth request to the next region", () => {
  const requests = [...streamRequests("S6", 21, STEPS)];
  assert.equal(
    requests.flatMap(({ write }, i) => (write ? [i] : [])),
    [9, 19],
  );
  assert.equal(
    [8, 9, 10, 19, 20].map((i) => requests[i].address),
    [512, 2 ** 20, 576, 2 ** 20 + 64, 1152],
  );
});

streams("come when they say", () => {
  const clocks = (name: string) => [...streamRequests(name, 3, STEPS)].map(({ from }) => from);
  assert.equal(clocks("S1"), [0, 0, 0]);
  assert.equal(clocks("S7d"), [0, "previous", "previous"]);
  assert.equal(clocks("S9d"), [0, "previous", "previous"]);
  assert.equal(clocks("S8s_10"), [0, 10, 20]);
  assert.equal(clocks("S8r_200"), [0, 200, 400]);
});

streams("are as long as their formulas say", () => {
  assert.equal(
    ["S1", "S2_256", "S5", "S7d", "S8s_10"].map((name) => streamLength(name, 64)),
    [2 ** 20, 2 ** 17, 2 ** 17, 2 ** 14, 2 ** 15],
  );
  assert.is(streamLength("S1", 128), 2 ** 19);
});

streams("names are exact", () => {
  for (const name of ["S1", "S2_256", "S2o_1024", "S3_4096", "S4", "S5", "S6", "S7", "S7d", "S9d", "S8s_1", "S8r_40"]) {
    assert.ok(isStreamName(name), name);
  }
  for (const name of [
    "S0",
    "S2",
    "S1_4",
    "S1d",
    "S2_0",
    "S2_",
    "S5d",
    "S9",
    "S8_4",
    "S8s",
    "S7d_4",
    "S4o_1",
    "s1",
    "",
  ]) {
    assert.not.ok(isStreamName(name), name);
    assert.throws(() => streamRequests(name, 1, STEPS), `stream ${name} is not known; allowed ${STREAM_NAMES}`);
  }
  assert.throws(() => streamRequests("S2_100", 1, STEPS), "stream S2_100: allowed are turns in multiples of 64 bytes");
});

streams("a user's stream is one request a line", () => {
  const text = "# two of mine\nR 0x1000\r\n\n  w 4096 200 # later\nR\t0\t7\n";
  assert.equal(parseStream(text, "mine.txt"), [
    { address: 4096, write: false, from: 0 },
    { address: 4096, write: true, from: 200 },
    { address: 0, write: false, from: 7 },
  ]);
});

streams("what is wrong with a user's stream has file and line", () => {
  const refused = (text: string, line: string) => assert.throws(() => parseStream(text, "mine.txt"), line);
  refused("R 0\nX 4", "mine.txt:2: X; allowed R or W");
  refused("R", "mine.txt:1: address is missing; allowed a decimal or 0x integer below 9007199254740992");
  refused("R -4", "mine.txt:1: address -4; allowed a decimal or 0x integer below 9007199254740992");
  refused("R 1e3", "mine.txt:1: address 1e3; allowed a decimal or 0x integer below 9007199254740992");
  refused("R 0 soon", "mine.txt:1: clock soon; allowed a decimal or 0x integer below 1099511627776");
  refused("R 0 1 2", "mine.txt:1: 2 is too much; allowed R|W ADDRESS [CLOCK]");
  refused("# nothing\n", "mine.txt: holds no request; allowed are lines like R 0x1000");
});

streams.run();
