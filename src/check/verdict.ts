//
//   What a check against a golden file found, whatever the file is about: rows, their differences, a verdict.
//
//     CheckedRow ... ──► verdictOf ──► CheckVerdict ──► linesOf    a line a row that differs, then the summary
//                                                  └──► JSON as it stands
//
//   Law         exact + differing = checked; failed counts the rows that must be exact and are not.
//

export interface Difference {
  field: string;
  got: number | string;
  want: number | string;
}

/** One row as it was compared. */
export interface CheckedRow {
  row: string;
  mustBeExact: boolean;
  /** Every field that was compared. */
  compared: Difference[];
  /** Those of them that are not exact. */
  differences: Difference[];
}

/** A row that cannot be compared and need not be. */
export interface UncheckedRow {
  row: string;
  reason: string;
}

/** The difference that is the largest share of what was wanted; the first field of all where nothing differs. */
interface Worst extends Difference {
  row: string;
  relative: number;
}

export interface CheckVerdict {
  kind: string;
  file: string;
  checked: number;
  exact: number;
  mustBeExact: number;
  failed: number;
  worst: Worst | null;
  rows: { row: string; exact: boolean; mustBeExact: boolean; differences: Difference[] }[];
  notChecked: UncheckedRow[];
}

export function verdictOf(
  kind: string,
  file: string,
  rows: readonly CheckedRow[],
  notChecked: UncheckedRow[],
): CheckVerdict {
  const must = rows.filter(({ mustBeExact }) => mustBeExact);
  return {
    kind,
    file,
    checked: rows.length,
    exact: rows.filter(isExact).length,
    mustBeExact: must.length,
    failed: must.filter((row) => !isExact(row)).length,
    worst: worstOf(rows),
    rows: rows.map((row) => ({
      row: row.row,
      exact: isExact(row),
      mustBeExact: row.mustBeExact,
      differences: row.differences,
    })),
    notChecked,
  };
}

/** A line for each row that differs or was not compared; the summary is the last. */
export function linesOf({ checked, exact, mustBeExact, failed, worst, rows, notChecked }: CheckVerdict): string[] {
  const differing = rows.filter((row) => !row.exact);
  const place = worst === null ? "" : ` (${worst.row}, ${worst.field})`;
  return [
    ...notChecked.map(({ row, reason }) => `${row}: not checked, ${reason}`),
    ...differing.map((row) => {
      const texts = row.differences.map(({ field, got, want }) => `${field} ${got}, want ${want}`);
      return `${row.row}: ${texts.join("; ")}${row.mustBeExact ? "" : " (informational)"}`;
    }),
    `checked ${checked} exact ${exact} mustBeExact ${mustBeExact} failed ${failed} worst ${shareOf(worst)}${place}`,
  ];
}

/** How far off, as a share of what was wanted; what cannot be measured is wholly off. */
function relativeOf({ got, want }: Difference): number {
  if (typeof got === "string" || typeof want === "string") return 1;
  return Math.abs(got - want) / Math.max(Math.abs(want), 1);
}

function isExact({ differences }: CheckedRow): boolean {
  return differences.length === 0;
}

function worstOf(rows: readonly CheckedRow[]): Worst | null {
  let worst: Worst | null = null;
  for (const { row, differences } of rows) {
    for (const difference of differences) {
      const relative = relativeOf(difference);
      if (worst === null || relative > worst.relative) worst = { row, ...difference, relative };
    }
  }
  const first = rows.find(({ compared }) => compared.length > 0);
  if (worst !== null || first === undefined) return worst;
  return { row: first.row, ...first.compared[0], relative: 0 };
}

/** What is not zero does not look like zero. */
function shareOf(worst: Worst | null): string {
  const percent = 100 * (worst?.relative ?? 0);
  return percent > 0 && percent < 0.0005 ? "<0.001%" : `${percent.toFixed(3)}%`;
}
