//
//   Who holds the accumulators: a ring of results in program order.
//
//     first slice of a row tile ──► take ──► ... last slice ──► vector op reads them ──► free for a later row tile
//
//   A row tile starts when the vector op that reads what it writes over has ended.
//

/** Results of one row tile. */
export interface Results {
  readonly bytes: number;
  /** The Vector record that has to end before they are written. */
  readonly after: number;
  /** The Vector record that reads them; 0 while it is not emitted. */
  reader: number;
}

export class Accumulators {
  private readonly held: Results[] = [];
  private used = 0;

  constructor(private readonly capacityBytes: number) {}

  /** Room for results. */
  take(bytes: number): Results {
    let after = 0;
    while (this.used + bytes > this.capacityBytes) {
      const oldest = this.held.shift();
      if (oldest === undefined || oldest.reader === 0) throw new Error(`internal: ${bytes} bytes of accumulators`);
      this.used -= oldest.bytes;
      after = Math.max(after, oldest.reader);
    }
    const results = { bytes, after, reader: 0 };
    this.held.push(results);
    this.used += bytes;
    return results;
  }
}
