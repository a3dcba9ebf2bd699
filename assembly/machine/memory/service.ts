//
//   The controller of a channel with its kind: one door for the channel, whatever the kind.
//
//     serve(t) ──► ddr.ts | lpddr5.ts | hbm.ts ──► controller.ts
//
//   Another kind is another file and a branch here.

import { Dram, DramKind } from "../../contract";
import { make } from "../alloc";
import { StateReader, StateWriter } from "../state";
import { dramWord } from "./address";
import { Completions } from "./completions";
import { Controller } from "./controller";
import { putController, takeController } from "./controller-state";
import { Ddr } from "./ddr";
import { Hbm } from "./hbm";
import { Lpddr5 } from "./lpddr5";

/** A controller and its kind. */
@unmanaged
export class Service {
  base: Controller;
  kind: i32; // DramKind
  ddr: Ddr;
  lpddr5: Lpddr5;
  hbm: Hbm;

  reset(): void {
    this.base.reset();
    this.ddr.reset();
    this.lpddr5.reset();
    this.hbm.reset();
  }

  /** The controller's part of clock t. */
  @inline
  serve(t: i64, out: Completions): void {
    this.base.freed = false;
    if (this.kind == DramKind.Ddr) this.ddr.serve(t + 1, out);
    else if (this.kind == DramKind.Lpddr5) this.lpddr5.serve(t + 1, out);
    else this.hbm.serve(t + 1, out);
  }

  canonical(now: i64, into: StateWriter): void {
    putController(this.base, now, into);
    this.putKind(now, into);
  }

  load(now: i64, from: StateReader): void {
    takeController(this.base, now, from);
    this.takeKind(now, from);
  }

  /** Whether what waits in the write queue changes nothing before somebody looks at it. */
  ignoresWrites(): bool {
    return !this.base.writeMode && !(this.kind == DramKind.Lpddr5 && this.lpddr5.namesWrite());
  }

  /** What the kind adds to the controller's state. */
  putKind(now: i64, into: StateWriter): void {
    if (this.kind == DramKind.Ddr) this.ddr.canonical(now, into);
    else if (this.kind == DramKind.Lpddr5) this.lpddr5.canonical(now, into);
    else this.hbm.canonical(now, into);
  }

  /** Reads it. The waiting reads count from now on: what they have waited was counted where they come from. */
  takeKind(now: i64, from: StateReader): void {
    if (this.kind == DramKind.Ddr) this.ddr.load(now, from);
    else if (this.kind == DramKind.Lpddr5) this.lpddr5.load(now, from);
    else this.hbm.load(now, from);
    this.base.tally.readLatency -= this.base.pool.readAges(now);
  }
}

export function newService(device: usize, base: Controller): Service {
  const service = make<Service>();
  service.base = base;
  service.kind = dramWord(device, Dram.Kind);
  service.ddr = make<Ddr>();
  service.ddr.base = base;
  service.lpddr5 = make<Lpddr5>();
  service.lpddr5.base = base;
  service.lpddr5.build(device);
  service.hbm = make<Hbm>();
  service.hbm.base = base;
  service.hbm.build(device);
  return service;
}
