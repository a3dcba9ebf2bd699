import { suite } from "uvu";
import * as assert from "uvu/assert";
import { band, bytes, energy, integer, known, percent, seconds, significant } from "../../src/report/format.js";
import { toJson } from "../../src/report/json.js";
import { toMarkdown } from "../../src/report/markdown.js";
import { toTerminal } from "../../src/report/terminal.js";
import type { Result } from "../../src/result/result.js";
import { matchesGolden } from "../support/golden.js";
import { exampleResult } from "../support/result.js";

const report = suite("report");

report("formats counts exactly", () => {
  assert.equal([0, 999, 1000, 1234567, 3489660928, -1000].map(integer), [
    "0",
    "999",
    "1,000",
    "1,234,567",
    "3,489,660,928",
    "-1,000",
  ]);
});

report("formats quantities with four digits", () => {
  assert.equal([0, 0.00001234, 0.5, 12.345, 9999, 123456.7].map(significant), [
    "0",
    "1.234e-5",
    "0.5000",
    "12.35",
    "9,999",
    "123,457",
  ]);
  assert.equal([0, 1023, 1536, 3489660928].map(bytes), ["0 B", "1,023 B", "1.500 KiB", "3.250 GiB"]);
  assert.equal([5e-9, 0.00123, 0.5, 12, 4000].map(seconds), ["5 ns", "1.230 ms", "500.0 ms", "12.00 s", "4,000 s"]);
  assert.equal([3, 1.5e6, 2e12].map(energy), ["3 pJ", "1.500 uJ", "2.000 J"]);
});

report("never shows something as nothing", () => {
  assert.equal(
    [percent(1, 2), percent(0, 2), percent(1, 1e6), percent(-1, 1e6), percent(1, 0)],
    ["50.0 %", "0.0 %", "<0.1 %", ">-0.1 %", "-"],
  );
  assert.is(known(null, integer), "-");
});

report("shows a band as one value where the sources agree", () => {
  assert.is(band({ low: 1000, high: 1000 }, energy), "1.000 nJ");
  assert.is(band({ low: 1000, high: 2000 }, energy), "1.000 nJ - 2.000 nJ");
});

report("the terminal page", () => matchesGolden("report/terminal.txt", toTerminal(exampleResult())));
report("the Markdown page", () => matchesGolden("report/report.md", toMarkdown(exampleResult())));

report("uses colour and block characters only when it may", () => {
  assert.not.match(toTerminal(exampleResult()), /[^\n\x20-\x7e]/);
  const rich = toTerminal(exampleResult(), { colour: true, unicode: true });
  assert.match(rich, "\u001b[1m");
  assert.match(rich, "█");
});

report("fits a terminal", () => {
  const longest = Math.max(
    ...toTerminal(exampleResult())
      .split("\n")
      .map((line) => line.length),
  );
  assert.ok(longest <= 100, `longest line has ${longest} characters`);
});

report("says where each figure comes from", () => {
  const result = exampleResult();
  for (const source of ["measured", "recorded", "cited"] as const) {
    result.accuracy.source = source;
    assert.match(toTerminal(result), `Accuracy  [${source}]`);
  }
  result.accuracy = { source: "none", perplexity: null, reference: null, tokens: 0, arithmetic: "fp32" };
  assert.match(toTerminal(result), "Accuracy  [none]");
  assert.match(toTerminal(result), "nothing is interpolated");
});

report("says in words what a plan of another model or of none knows of accuracy", () => {
  const none = { source: "none" as const, perplexity: null, reference: null, tokens: 0, arithmetic: "none" };
  const of = (source: Result["plan"]["source"], accuracy: Result["accuracy"] = none) => {
    const result = { ...exampleResult(), plan: { source, budget: 4, text: "the plan in words" }, accuracy };
    return toTerminal(result).replaceAll("\n  ", " ");
  };
  assert.match(of("transplanted"), "no accuracy: another model chose these depths, on its own tokens");
  assert.match(of("synthetic"), "no accuracy: no model chose these depths");
  assert.match(of("constant"), "nothing is interpolated");
  const sourceModel = { name: "tiny-llama", perplexity: 15.3625, reference: null, tokens: 4080 };
  const figure = "tiny-llama itself: perplexity 15.3625, FP16 -, over 4,080 tokens";
  assert.match(of("transplanted", { ...none, sourceModel }), figure);
  assert.match(of("transplanted"), "(transplanted from the trace)");
  assert.match(of("synthetic"), "plan: the plan in words");
});

report("a partial result says so, and what is not known", () => {
  const whole = exampleResult();
  const exposed = { route: null, dram: 350_000, vector: null };
  const partial: Result = { ...whole, steps: 12, partial: true, stepsAsked: 255, chunk: 64, phase: "mixed", exposed };
  const page = toTerminal(partial).replaceAll("\n  ", " ");
  assert.match(page, "partial: interrupted, 12 of 255 steps done; all figures are of these");
  assert.match(page, "mixed, batch 16, 12 steps, chunks of 64 tokens, trace decode16");
  assert.match(page, "route not known, dram 350,000 (35.0 %), vector not known");
  assert.not.match(toTerminal(whole), /partial|chunks|not known/);
});

report("shares of nothing and empty counters do not break a page", () => {
  const result = exampleResult();
  for (const key of Object.keys(result.dram.bytes) as (keyof typeof result.dram.bytes)[]) result.dram.bytes[key] = 0;
  Object.assign(result, { counters: {}, tokens: 0, trace: null });
  assert.not.match(toTerminal(result), /NaN|Infinity|undefined/);
  assert.not.match(toMarkdown(result), /NaN|Infinity|undefined/);
});

report("escapes names in Markdown", () => {
  assert.match(toMarkdown({ ...exampleResult(), model: "a|b_*c*" }), "# a\\|b\\_\\*c\\* on edge");
});

report("JSON is the result, and refuses what JSON cannot hold", () => {
  assert.equal(JSON.parse(toJson(exampleResult())), exampleResult());
  assert.throws(() => toJson({ ...exampleResult(), seconds: Number.NaN }), "seconds is NaN");
});

report.run();
