//
//   Reads a value change dump, token by token as IEEE 1364-2005 section 18 states it. Knows nothing of who wrote it.
//

export interface Wave {
  name: string;
  bits: number;
  /** In the order of time; a value holds until the next change. */
  changes: { time: number; value: number }[];
}

interface Dump {
  timescale: string;
  waves: Wave[];
  end: number;
}

export function readVcd(text: string): Dump {
  const tokens = text.split(/\s+/).filter((token) => token !== "");
  const byIdentifier = new Map<string, Wave>();
  let [at, time, timescale] = [0, -1, ""];
  const untilEnd = () => {
    const words: string[] = [];
    for (; tokens[at] !== "$end"; at++) {
      if (at >= tokens.length) throw new Error("a section has no $end");
      words.push(tokens[at]);
    }
    at++;
    return words;
  };
  const change = (identifier: string, digits: string) => {
    const wave = byIdentifier.get(identifier);
    if (wave === undefined) throw new Error(`${identifier} was never declared`);
    if (!/^[01]+$/.test(digits) || digits.length > wave.bits) throw new Error(`${wave.name} cannot be ${digits}`);
    if (time < 0) throw new Error(`${wave.name} changes before there is time`);
    wave.changes.push({ time, value: Number.parseInt(digits, 2) });
  };
  while (at < tokens.length) {
    const token = tokens[at++];
    if (token === "$var") {
      const [, bits, identifier, name] = untilEnd();
      if (byIdentifier.has(identifier)) throw new Error(`${identifier} is declared twice`);
      byIdentifier.set(identifier, { name, bits: Number(bits), changes: [] });
    } else if (token === "$timescale") timescale = untilEnd().join(" ");
    else if (["$comment", "$scope", "$upscope", "$enddefinitions"].includes(token)) untilEnd();
    else if (token === "$dumpvars" || token === "$end") continue;
    else if (token.startsWith("#")) {
      const next = Number(token.slice(1));
      if (!(next > time)) throw new Error(`time goes from ${time} to ${next}`);
      time = next;
    } else if (token.startsWith("b")) change(tokens[at++], token.slice(1));
    else change(token.slice(1), token[0]);
  }
  return { timescale, waves: [...byIdentifier.values()], end: time };
}

/** How long a wave had each value. */
export function timeOf({ changes }: Wave, end: number): Map<number, number> {
  const times = new Map<number, number>();
  for (const [i, { time, value }] of changes.entries()) {
    const until = changes[i + 1]?.time ?? end;
    times.set(value, (times.get(value) ?? 0) + until - time);
  }
  return times;
}
