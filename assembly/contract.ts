//
//   The whole boundary between TypeScript (the study) and WASM (the hardware).
//
//   Everything that crosses is a vector of integers, and this file names the positions. Both compilers read it, nothing
//   else is shared: no struct offset, no string, no callback. The enums of a loaded binary are checked against these.
//
//     TypeScript ──► knobs        i32[Knob.Count]                     one machine
//                ──► device       i32[see Dram]                       one DRAM channel kind
//                ──► records      i32[n * RECORD_WORDS]                the program, in program order, any chunking
//                ──► depths       u8[]                                 slices per token, a record points into them
//                ◄── counters     i64[Counter.Count]                   additive; laws: docs/machine.md

/** Words of one work record. */
export const RECORD_WORDS = 24;
export const RULE_WORDS = 6; // of one DRAM timing-rule row
/** Most tokens one Route record may decide. */
export const ROUTE_TOKENS = 1024;
/** Most slices a linear may have. */
export const MAX_SLICES = 4;

/** The machine, one integer each. Units are in the names. */
export enum Knob {
  CorePeriod, // core clock period, in the unit in which the memory period is MemoryPeriod (coprime integers)
  MemoryPeriod,
  SyncCycles,
  RequestLatencyCycles,
  ReturnLatencyCycles,
  QueueDepth,
  RunTableEntries,
  RouteTableEntries,
  SliceBufferBytes,
  ResidualReserveBytes,
  OutstandingRuns,
  OutstandingStores,
  ArrayStagingBytes,
  VectorStagingBytes,
  RouterMacs,
  RouterHidden,
  RouterPipelineCycles,
  Slices,
  ArrayRows,
  ArrayColumns,
  ArrayLanes,
  ActivationBits,
  WeightPortBits,
  ActivationPortBits,
  ArrayPipelineCycles,
  DequantCycles,
  VectorLanes,
  VectorStartupCycles,
  IdealRouter, // 1: every token is decided one cycle after its Route record starts
  IdealDram, // 1: a run arrives, a store is acknowledged, one cycle after its grant
  IdealVector, // 1: a vector op takes one cycle
  MemoKiB, // how much may be remembered of what channels did; 0: nothing is. Results do not depend on it
  StepOrder, // 0..119: the order in which the five units decide inside a cycle; results must not depend on it
  Count,
}

/** One kind of work record. */
// prettier-ignore
export enum Work { None, Fetch, Route, Compute, Vector, Store }

/**
 * Words of a record. Waits and references are backward distances: 1 names the latest earlier record of that kind in
 * program order, 2 the one before it, 0 none; so equal layers make equal records.
 */
export enum Field {
  Kind,
  AfterCompute,
  AfterVector,
  AfterStore,
  Tag, // op number (its low TAG_OP_BITS bits), for who observes more; the hardware does not read it

  // Fetch
  FetchQueue = 5, // Queue.Base or Queue.Demand
  FetchStream, // Stream
  FetchBytes,
  FetchAddressLow, // byte address, low 32 bits
  FetchAddressHigh,
  FetchCredit, // bytes of slice buffer the run takes; 0: its place was assigned by the schedule
  FetchRoute, // distance to the Route record that decides whether it is wanted; 0: always
  FetchSlice, // with FetchRoute: wanted if any token is this deep

  // Route
  RouteInputs = 5,
  RouteTokens,
  RouteDepths, // index of the first token's depth in the depth vector (modulo its capacity)
  RouteRun, // distance to the Fetch of the router weights; 0: resident

  // Compute
  ComputeRun = 5, // distance to the Fetch of the weights (or K, V); 0: operands are on chip
  ComputeScaleRun,
  ComputeInputRun,
  ComputeRelease, // bits of Release
  ComputeRoute, // distance to the Route that decides the column groups; 0: passes are given
  ComputeSlice,
  ComputeRows, // output rows of one pass (routed records)
  ComputeInputs, // inputs Kt of one pass; 0: a gather, which waits for its runs and computes nothing
  ComputeTerms, // cycles of a lane for one code
  ComputeCodeBits,
  ComputeGroup, // inputs per scale group; 0: one scale per row, applied once at the end
  ComputeDequants, // dequantizations per group end: 2 where the zero point is applied, else 1; 0: none
  ComputePasses, // unrouted: passes of the record
  ComputePassColumns, // unrouted: sum over the passes of the columns in use
  ComputeRowColumns, // unrouted: sum over the passes of rows x columns in use
  ComputeStagingBytes, // output bytes to reserve in the array's staging buffer before the start
  ComputeSumAdds, // 1: the adder tree taps sum(x) of every column in use
  ComputeRoutedWeights, // 1: routed linear; counts for "bits computed"

  // Vector
  VectorElements = 5,
  VectorPasses,
  VectorRun, // distance to a Fetch the op consumes; 0: none
  VectorStagingBytes,

  // Store
  StoreStream = 5,
  StoreBytes,
  StoreAddressLow,
  StoreAddressHigh,
  StorePool, // Pool whose staging bytes the acknowledgement frees
}

// prettier-ignore
export enum Queue { Base, Demand }
// prettier-ignore
export enum Pool { None, Array, Vector }

/** Bits of Field.ComputeRelease: what ends with this record. */
// prettier-ignore
export enum Release { Run = 1, ScaleRun = 2, InputRun = 4, Route = 8 }

/** What a DRAM byte carries. */
// prettier-ignore
export enum Stream {
  Slice1, Slice2, Slice3, Slice4, Scales, Router, Kv, Activations, LmHead, Embedding, Count,
}

/** Kinds of DRAM controllers. */
// prettier-ignore
export enum DramKind { Ddr, Lpddr5, Hbm }

/** DRAM commands. Where an activate takes two (LPDDR5), Act is the first. */
// prettier-ignore
export enum Command {
  Act, Pre, PreAll, Read, Write, Refresh, RefreshBank, Act2, CasRead, CasWrite, Count,
}

/** Scope of a timing rule. Sid: one of the stacks of dies that share a pseudo-channel. */
// prettier-ignore
export enum Level { Channel, Rank, PseudoChannel, Sid, BankGroup, Bank }

/** Words of one timing-rule row. */
export enum Rule {
  Level,
  After, // Command
  Before, // Command
  Cycles,
  Window, // counted from the window-th last After
  Sibling, // 1: binds the other nodes under the same parent
}

/**
 * One DRAM channel kind; then `RuleCount` rule rows; then, for every bit of the bank index (from the lowest; pseudo-channel,
 * sid, bank group, bank from high to low) and every bit of the row, the mask of the local-transaction bits whose sum it is.
 */
export enum Dram {
  Kind, // DramKind
  Channels,
  TransactionBytes,
  PseudoChannels,
  Sids, // of a pseudo-channel
  BankGroups, // of a sid
  BanksPerGroup,
  ChannelShift, // address bits, counted in transactions, below the channel bits
  ColumnBits,
  RowBits,
  ReadLatency, // clocks from RD to the last data
  ReadQueue,
  WriteQueue,
  WriteHigh, // write mode is entered above this many queued writes
  WriteLow, // and left below this many when a read waits
  RefreshClocks, // memory clocks (ticks of the controller, as all clocks here) between refreshes; 0: off
  RefreshStagger, // clocks between the refreshes of neighbouring channels
  RefreshPerBank, // 1: one bank after the other
  TicksPerClock, // hbm: 2 when only every other clock is a rising edge
  Act2Deadline, // lpddr5: clocks from ACT1 to the latest ACT2
  WckRead, // lpddr5: clocks from RD, from WR, to the end of WCK
  WckWrite,
  ActTicks, // clocks for which a command holds its bus; in the order of Command
  PreTicks,
  PreAllTicks,
  ReadTicks,
  WriteTicks,
  RefreshTicks,
  RefreshBankTicks,
  Act2Ticks,
  CasReadTicks,
  CasWriteTicks,
  RuleCount,
  Count,
}

/** Additive counters; the equation each belongs to is in docs/machine.md. */
export enum Counter {
  CyclesBusy,
  CyclesRoute,
  CyclesDram,
  CyclesBuffer,
  CyclesVector,
  CyclesStore,
  CyclesDrain,
  BytesReadSlice1,
  BytesReadSlice2,
  BytesReadSlice3,
  BytesReadSlice4,
  BytesReadScales,
  BytesReadRouter,
  BytesReadKv,
  BytesReadActivations,
  BytesReadLmHead,
  BytesReadEmbedding,
  BytesWrittenKv,
  BytesWrittenActivations,
  BytesReadPadding, // read transactions x their size - payload
  BytesWrittenPadding,
  TransactionsRead,
  TransactionsWritten,
  RunsGranted,
  RunsDropped,
  StoresGranted,
  RoutesDone,
  RouterTokens,
  RouterMacs,
  RouterBusyCycles,
  ComputesDone, // records executed
  ComputesDropped,
  Passes,
  PeActiveCycles, // PE-cycles with a wanted operand
  PeGatedCycles, // PE-cycles of a column that its token does not want
  PeUnusedCycles, // PE-cycles outside the tile
  WeightPortReads, // accesses of the weight port, WeightPortBits each
  ActivationBankReads, // accesses of one column's activation bank, lanes x ActivationBits each
  Dequantizations,
  Accumulations, // FP32 adds into the accumulators
  SumAdds,
  RoutedWeights, // weights of first-slice passes x column groups, for "bits computed"
  RoutedWeightPasses, // the same over all slices
  VectorOps,
  VectorElementPasses,
  VectorBusyCycles,
  DramAct,
  DramPre,
  DramPreAll,
  DramRead,
  DramWrite,
  DramRefresh,
  DramRefreshBank,
  DramAct2,
  DramCasRead,
  DramCasWrite,
  DramRowHits,
  DramRowMisses,
  DramRowConflicts,
  DramForwarded, // reads answered from the write queue
  DramMerged, // writes merged into a queued write
  DramReadLatency, // sum of completion - acceptance clocks over reads
  Count,
}

/** What a memo did, i64 each: segments remembered and simulated, transactions of those, times it was full, what it holds. */
// prettier-ignore
export enum MemoCount { Hits, Misses, Remembered, Simulated, Forgotten, States, Entries, Bytes, Count }

/** Answers of `run`. */
export enum Status {
  Quiet, // the program has ended and everything is done
  NeedsWork, // the sequencer wants records
  Limit, // the cycle limit was reached
  Stuck, // nothing can ever happen again: see blocked()
  Events, // the buffer of events is full: who observes empties it (events.ts)
}

/** The five units, in the order of their words in `blocked()`. */
// prettier-ignore
export enum Unit { Fetch, Router, Array, Vector, Store }

/** Why a unit cannot go on. */
export enum Blocked {
  Nothing, // it has no record
  AfterCompute,
  AfterVector,
  AfterStore,
  Run, // a run it needs has not arrived
  Route, // a route it needs is unfinished
  Credit, // slice buffer
  Outstanding,
  Staging,
  Working, // it is executing
}
