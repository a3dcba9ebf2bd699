//
//   The per-op view of an observed run, top down: which ops take the cycles, what they wait for, who waits for a cause most.
//
//     Detail ──► kindsOf (over the layers) ──► sections, for the terminal (run --explain) and the report
//

import { CAUSES } from "../observe/ops.js";
import type { Breakdown, OpDetail, Result } from "../result/result.js";
import { bytes, integer, percent } from "./format.js";
import type { Page, Row, Section } from "./page.js";
import { pageOf } from "./sections.js";

const SLOWEST = 12;
const WAITERS = 3;

export function sumOf(breakdown: Breakdown): number {
  return CAUSES.reduce((sum, cause) => sum + breakdown[cause], 0);
}

/** What run --explain prints. */
export function explainPage(result: Result): Page {
  const { title, sections, legend } = pageOf(result);
  const named = (name: string) => sections.filter((section) => section.title === name);
  return {
    title: `${title}: where the cycles went, top down`,
    sections: [...named("Speed"), ...named("Where the cycles went"), ...opSections(result)],
    legend,
  };
}

/** The tables of the per-op view; none of a run that was not observed. */
export function opSections(result: Result): Section[] {
  if (result.detail === undefined) return [];
  const { ops } = result.detail;
  return [byOp(ops, result), waiters(ops, result), slowest(ops, result)];
}

/** Ops summed over the layers, in the order of the program. */
export function kindsOf(ops: readonly OpDetail[]): OpDetail[] {
  const kinds = new Map<string, OpDetail>();
  for (const one of ops) {
    const known = kinds.get(one.op);
    kinds.set(one.op, known === undefined ? { ...one, layer: null } : added(known, one));
  }
  return [...kinds.values()];
}

function added(a: OpDetail, b: OpDetail): OpDetail {
  const causes = CAUSES.map((cause) => [cause, a.breakdown[cause] + b.breakdown[cause]]);
  return {
    layer: null,
    op: a.op,
    breakdown: Object.fromEntries(causes) as unknown as Breakdown,
    peActiveCycles: a.peActiveCycles + b.peActiveCycles,
    peGatedCycles: a.peGatedCycles + b.peGatedCycles,
    vectorCycles: a.vectorCycles + b.vectorCycles,
    routerCycles: a.routerCycles + b.routerCycles,
    bytesRead: a.bytesRead + b.bytesRead,
    bytesWritten: a.bytesWritten + b.bytesWritten,
  };
}

function byOp(ops: readonly OpDetail[], { cycles, breakdown }: Result): Section {
  const causes = CAUSES.filter((cause) => breakdown[cause] > 0);
  const row = (op: OpDetail): Row => {
    const own = sumOf(op.breakdown);
    const shares = causes.map((cause) => percent(op.breakdown[cause], own));
    return { label: op.op, cells: [integer(own), percent(own, cycles), ...shares], share: own / cycles };
  };
  return {
    title: "Cycles by op",
    source: "modelled",
    columns: ["op", "cycles", "share", ...causes],
    rows: kindsOf(ops)
      .filter(({ breakdown: own }) => sumOf(own) > 0)
      .map(row),
    notes: [
      "of an op's cycles: in which the array executed it, or waited for it and why; a cycle without any op in the queue " +
        "counts to the op before. Vector ops and fetches of an op that keep nobody waiting take no cycle here.",
    ],
  };
}

/** For every cause, the ops that waited for it most. */
function waiters(ops: readonly OpDetail[], { breakdown, cycles }: Result): Section {
  const causes = CAUSES.filter((cause) => cause !== "busy" && breakdown[cause] > 0);
  const rows = causes.map((cause): Row => {
    const waiting = ops.filter(({ breakdown: own }) => own[cause] > 0);
    const most = waiting.sort((a, b) => b.breakdown[cause] - a.breakdown[cause]).slice(0, WAITERS);
    const shares = most.map((op) => `${nameOf(op)} ${percent(op.breakdown[cause], breakdown[cause])}`);
    return { label: cause, cells: [integer(breakdown[cause]), percent(breakdown[cause], cycles), shares.join(", ")] };
  });
  return {
    title: "Who waited",
    source: "modelled",
    columns: ["cause", "cycles", "share", "most of it"],
    rows,
    notes: [],
  };
}

function slowest(ops: readonly OpDetail[], { cycles, config }: Result): Section {
  const there = ops.filter(({ breakdown }) => sumOf(breakdown) > 0);
  const most = there.sort((a, b) => sumOf(b.breakdown) - sumOf(a.breakdown)).slice(0, SLOWEST);
  const pes = config.array.rows * config.array.columns;
  const rows = most.map((op): Row => {
    const own = sumOf(op.breakdown);
    const used = percent(op.peActiveCycles, op.breakdown.busy * pes);
    const cells = [
      integer(own),
      percent(own, cycles),
      percent(op.breakdown.busy, own),
      used,
      bytes(op.bytesRead),
      limitOf(op),
    ];
    return { label: nameOf(op), cells };
  });
  const columns = ["op", "cycles", "share", "busy", "PEs while busy", "fetched", "waits most for"];
  return { title: "Slowest ops", source: "modelled", columns, rows, notes: [] };
}

/** The cause that an op waited for most. */
function limitOf({ breakdown }: OpDetail): string {
  const [most] = CAUSES.filter((cause) => cause !== "busy").sort((a, b) => breakdown[b] - breakdown[a]);
  return breakdown[most] === 0 ? "-" : most;
}

export function nameOf({ layer, op }: OpDetail): string {
  return layer === null ? op : `layer ${layer} ${op}`;
}
