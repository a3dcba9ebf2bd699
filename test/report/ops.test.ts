//
//   The per-op view: what run --explain prints.
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { explainPage, kindsOf, opSections, sumOf } from "../../src/report/ops.js";
import { renderPage } from "../../src/report/terminal.js";
import { matchesGolden } from "../support/golden.js";
import { exampleDetail, exampleResult } from "../support/result.js";

const ops = suite("per-op view");
const observed = () => ({ ...exampleResult(), detail: exampleDetail() });

ops("the terminal page", () => matchesGolden("report/explain.txt", renderPage(explainPage(observed()))));

ops("ops add up over the layers", () => {
  const kinds = kindsOf(exampleDetail().ops);
  assert.equal(
    kinds.map(({ op, layer, bytesRead, breakdown }) => [op, layer, bytesRead, sumOf(breakdown)]),
    [
      ["q", null, 16_000_000, 600_000],
      ["down", null, 9_000_000, 250_000],
      ["finalNorm", null, 0, 0],
      ["lmHead", null, 4_000_000, 150_000],
    ],
  );
});

ops("a run that was not observed has none", () => assert.equal(opSections(exampleResult()), []));

ops.run();
