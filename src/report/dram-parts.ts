//
//   What a page says where energy of different DRAM parts stands side by side.
//

/** A note where there is something to note: `figures` are those that prices of DRAM are part of. */
export function partsNotes(figures: readonly string[], parts: readonly string[]): string[] {
  const different = [...new Set(parts)].sort();
  if (different.length < 2 || figures.length === 0) return [];
  const why = "their prices have different sources and include different things, at the high ends most of all";
  const named = [...new Set(figures)].join(", ");
  return [`${named} of different DRAM parts (${different.join(", ")}) do not compare: ${why} (docs/dse.md, section 1)`];
}
