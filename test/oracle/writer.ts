//
//   Writes records and keeps the accounts that make a program well formed: what is fetched and not released, routed and
//   not released, staged and not stored. The moves on top of it are in programs.ts.

import { Dram, Field, Knob, Pool, Queue, RECORD_WORDS, Release, Stream, Work } from "../../assembly/contract.js";

interface OpenRun {
  readonly ordinal: number;
  readonly credit: number;
  readonly isDemand: boolean;
  isNamed: boolean; // by a Compute record that does not release it
}

export interface OpenRoute {
  readonly ordinal: number;
  readonly pending: { run: OpenRun; slice: number }[]; // routed runs, in fetch order
  scaleRun: OpenRun | undefined; // once the first slice has used it
}

interface Staged {
  readonly pool: Pool;
  readonly bytes: number;
  readonly ordinal: number; // of the Compute or Vector record
}

export type Values = readonly (readonly [Field, number])[];

/** A run that a Compute record names. */
interface NamedRun {
  readonly run: OpenRun | undefined;
  readonly isReleased: boolean;
}

export class ProgramWriter {
  protected readonly records: Int32Array[] = [];
  protected live: OpenRun[] = []; // fetched, not yet released
  protected loose: OpenRun[] = []; // the live ones that belong to no route
  protected routes: OpenRoute[] = [];
  protected staged: Staged[] = [];
  private dice: readonly number[] = [];
  private rolled = 0;
  private readonly counts = new Map<Work, number>();
  private nextAddress = 0;

  constructor(
    protected readonly knobs: Int32Array,
    protected readonly device: Int32Array,
    protected readonly depths: number,
  ) {}

  protected take(dice: readonly number[]): void {
    this.dice = dice;
    this.rolled = 0;
  }

  /** A number below `sides`; the dice go round. */
  protected roll(sides: number): number {
    if (this.dice.length === 0) return 0;
    const value = this.dice[this.rolled % this.dice.length] + Math.floor(this.rolled / this.dice.length);
    this.rolled++;
    return value % sides;
  }

  protected count(kind: Work): number {
    return this.counts.get(kind) ?? 0;
  }

  protected emit(kind: Work, values: Values): number {
    const words = new Int32Array(RECORD_WORDS);
    words[Field.Kind] = kind;
    words[Field.Tag] = this.records.length;
    words[Field.AfterCompute] = this.wait(Work.Compute);
    words[Field.AfterVector] = this.wait(Work.Vector);
    words[Field.AfterStore] = this.wait(Work.Store);
    for (const [field, value] of values) words[field] = value;
    const ordinal = this.count(kind);
    this.records.push(words);
    this.counts.set(kind, ordinal + 1);
    return ordinal;
  }

  private wait(kind: Work): number {
    const count = this.count(kind);
    return count > 0 && this.roll(6) === 5 ? 1 + this.roll(Math.min(3, count)) : 0;
  }

  protected distance(kind: Work, ordinal: number): number {
    return this.count(kind) - ordinal;
  }

  protected distanceTo(run: OpenRun | undefined): number {
    return run === undefined ? 0 : this.distance(Work.Fetch, run.ordinal);
  }

  protected anyLoose(): OpenRun | undefined {
    return this.loose.splice(this.roll(Math.max(1, this.loose.length)), 1)[0];
  }

  protected maybeLoose(): OpenRun | undefined {
    return this.roll(2) === 1 ? this.anyLoose() : undefined;
  }

  /** A run that no Compute record names yet: only the array uses its records in order, so only it may share a run. */
  protected maybeUnnamed(): OpenRun | undefined {
    const unnamed = this.loose.filter((run) => !run.isNamed);
    const run = this.roll(2) === 1 ? unnamed[this.roll(Math.max(1, unnamed.length))] : undefined;
    this.loose = this.loose.filter((other) => other !== run);
    return run;
  }

  protected anyRoute(): OpenRoute | undefined {
    return this.routes[this.roll(Math.max(1, this.routes.length))];
  }

  protected release(run: OpenRun | undefined): void {
    this.live = this.live.filter((other) => other !== run);
  }

  /** Nothing, all there is, or something between. */
  protected stagingOf(room: number): number {
    return [0, this.roll(1 + room), room][this.roll(3)];
  }

  /** Bytes of a staging pool that no record has reserved without a Store behind it. */
  protected room(pool: Pool): number {
    const size = this.knobs[pool === Pool.Array ? Knob.ArrayStagingBytes : Knob.VectorStagingBytes];
    return this.staged.reduce((room, each) => (each.pool === pool ? room - each.bytes : room), size);
  }

  protected fetch(queue: Queue, values: Values): OpenRun | undefined {
    const ordinal = this.count(Work.Fetch);
    const oldest = this.live.length > 0 ? Math.min(...this.live.map((run) => run.ordinal)) : ordinal;
    if (ordinal - oldest >= this.knobs[Knob.RunTableEntries]) return undefined;
    const bytes = 1 + this.roll(this.mostBytes());
    const room = queue === Queue.Base ? this.baseRoom() : this.demandRoom();
    const credit = this.roll(5) === 4 ? 0 : Math.min(bytes, room);
    this.emit(Work.Fetch, [
      [Field.FetchQueue, queue],
      [Field.FetchStream, this.roll(Stream.Count)],
      [Field.FetchBytes, bytes],
      [Field.FetchAddressLow, this.address(bytes)],
      [Field.FetchCredit, credit],
      ...values,
    ]);
    const run = { ordinal, credit, isDemand: queue === Queue.Demand, isNamed: false };
    this.live.push(run);
    return run;
  }

  private baseRoom(): number {
    const held = credits(this.live);
    return Math.max(0, this.knobs[Knob.SliceBufferBytes] - this.knobs[Knob.ResidualReserveBytes] - held);
  }

  private demandRoom(): number {
    const demand = credits(this.live.filter((run) => run.isDemand));
    const reserve = this.knobs[Knob.ResidualReserveBytes] - demand;
    return Math.max(0, Math.min(reserve, this.knobs[Knob.SliceBufferBytes] - credits(this.live)));
  }

  protected mostBytes(): number {
    return Math.min(8, this.capacity() - 1) * this.device[Dram.TransactionBytes];
  }

  /** Transactions of the whole device. */
  private capacity(): number {
    const { device } = this;
    const banks = device[Dram.Channels] * device[Dram.BankGroups] * device[Dram.BanksPerGroup];
    return banks * 2 ** (device[Dram.ColumnBits] + device[Dram.RowBits]);
  }

  /** The next bytes in order, some place of the device, or a place near its beginning that others use too. */
  protected address(bytes: number): number {
    const size = this.device[Dram.TransactionBytes];
    const end = this.capacity() * size - bytes + 1;
    const places = [this.nextAddress, this.roll(this.capacity()) * size + this.roll(size), this.roll(6) * size];
    const address = places[this.roll(3)] % end;
    this.nextAddress = address + bytes;
    return address;
  }

  protected emitCompute(named: readonly NamedRun[], shape: Values, room: number): void {
    const staging = this.stagingOf(room);
    const fields = [Field.ComputeRun, Field.ComputeScaleRun, Field.ComputeInputRun];
    const bits = [Release.Run, Release.ScaleRun, Release.InputRun];
    const released = named.map(({ run, isReleased }, i) => (run !== undefined && isReleased ? bits[i] : 0));
    const own = shape.find(([field]) => field === Field.ComputeRelease)?.[1] ?? 0;
    const ordinal = this.emit(Work.Compute, [
      ...named.map(({ run }, i) => [fields[i], this.distanceTo(run)] as const),
      ...shape,
      [Field.ComputeRelease, released.reduce((all, bit) => all | bit, own)],
      [Field.ComputeStagingBytes, staging],
    ]);
    for (const { run, isReleased } of named) if (isReleased) this.release(run);
    if (staging > 0) this.staged.push({ pool: Pool.Array, bytes: staging, ordinal });
  }
}

function credits(runs: readonly OpenRun[]): number {
  return runs.reduce((sum, run) => sum + run.credit, 0);
}
