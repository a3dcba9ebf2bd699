//
//   Reads the events of an observed machine (assembly/events.ts): who listens names what it wants to hear.
//

import { EVENT_WORDS, type Event, Seen } from "../../assembly/events.js";
import type { Observer } from "../wasm/machine.js";

/** One event; valid until the next one. */
export class Happening {
  private words: Int32Array = new Int32Array(EVENT_WORDS);
  private at = 0;

  /** The same object, on another event. */
  on(words: Int32Array, at: number): this {
    this.words = words;
    this.at = at;
    return this;
  }

  word(field: Seen): number {
    return this.words[this.at + field];
  }

  get tag(): number {
    return this.word(Seen.Tag);
  }

  get start(): number {
    return this.wide(Seen.StartLow);
  }

  get cycles(): number {
    return this.word(Seen.Cycles);
  }

  get address(): number {
    return this.wide(Seen.AddressLow);
  }

  private wide(low: Seen): number {
    return (this.word(low) >>> 0) + this.word(low + 1) * 2 ** 32;
  }
}

/** What is done about each kind of event. */
export type Listener = Partial<Record<Event, (happening: Happening) => void>>;

/** An observer that tells every listener. */
export function tell(listeners: readonly Listener[]): Observer {
  const happening = new Happening();
  return (words) => {
    for (let at = 0; at < words.length; at += EVENT_WORDS) {
      happening.on(words, at);
      for (const listener of listeners) listener[words[at] as Event]?.(happening);
    }
  };
}
