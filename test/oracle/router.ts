//
//   Token router: one token after the other gets its depth (docs/machine.md, section 4).
//
//   Cycle law   d = ceil(RouteInputs * RouterHidden / RouterMacs) + ceil(RouterHidden * (Slices - 1) / RouterMacs)
//               + RouterPipelineCycles cycles a token; IdealRouter: all tokens after one cycle.
//   Told as a countdown: every cycle of execution takes one off, at zero a token is decided.

import { Counter, Field, Knob } from "../../assembly/contract.js";
import type { Dispatched, Sequencer } from "./sequencer.js";

export class Router {
  private current: Dispatched | undefined;
  private cyclesLeft = 0; // of the token in work
  private length = 0; // cycles of the execution so far

  constructor(
    private readonly knobs: Int32Array,
    private readonly sequencer: Sequencer,
    private readonly counters: Float64Array,
  ) {}

  get isBusy(): boolean {
    return this.current !== undefined;
  }

  /** Phase 1: one cycle of execution is over. */
  arrive(): boolean {
    if (this.current === undefined) return false;
    const route = this.current.route!;
    this.length++;
    this.cyclesLeft--;
    if (this.cyclesLeft > 0) return true;
    route.decided = this.knobs[Knob.IdealRouter] === 1 ? route.depths.length : route.decided + 1;
    this.cyclesLeft = this.tokenCycles(this.current);
    if (route.complete) this.end(this.current);
    return true;
  }

  /** Phase 2. */
  decide(): boolean {
    const head = this.sequencer.route[0];
    if (this.isBusy || head === undefined || !this.sequencer.waitsHold(head)) return false;
    if (head.run !== undefined && !head.run.arrived) return false;
    this.current = head;
    this.length = 0;
    this.cyclesLeft = this.tokenCycles(head);
    return true;
  }

  private tokenCycles(record: Dispatched): number {
    const hidden = this.knobs[Knob.RouterHidden];
    const macs = this.knobs[Knob.RouterMacs];
    if (this.knobs[Knob.IdealRouter] === 1) return 1;
    const first = Math.ceil((record.words[Field.RouteInputs] * hidden) / macs);
    const second = Math.ceil((hidden * (this.knobs[Knob.Slices] - 1)) / macs);
    return first + second + this.knobs[Knob.RouterPipelineCycles];
  }

  private end(record: Dispatched): void {
    const hidden = this.knobs[Knob.RouterHidden];
    const tokens = record.words[Field.RouteTokens];
    const macsPerToken = record.words[Field.RouteInputs] * hidden + hidden * (this.knobs[Knob.Slices] - 1);
    if (record.run !== undefined) record.run.released = true;
    this.sequencer.route.shift();
    this.current = undefined;
    this.counters[Counter.RoutesDone]++;
    this.counters[Counter.RouterTokens] += tokens;
    this.counters[Counter.RouterMacs] += tokens * macsPerToken;
    this.counters[Counter.RouterBusyCycles] += this.length;
  }
}
