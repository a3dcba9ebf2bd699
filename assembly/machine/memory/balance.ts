//
//   Balance: what a memo has given and taken, and whether it is worth its time.
//
//   Worth       transactions remembered minus what entering cost, of late. Where nothing repeats itself it falls below zero, and
//               the channels serve alone for a while: remembering never costs much.

/** Of a channel that serves alone, transactions for each that may be spent on trying the memo again. */
const TRY: i64 = 8;

/** What looking up gave; sums since the begin. */
@unmanaged
export class Balance {
  hits: i64;
  misses: i64;
  remembered: i64; // transactions
  simulated: i64;
  worth: i64;
  mostWorth: i64;
  cost: i64; // transactions that could be simulated in the time that one segment takes more when it has to be entered

  /** Of a memo of some bytes; the longer the queues, the more there is to enter. */
  build(bytes: i32, requests: i32): void {
    this.cost = requests;
    this.mostWorth = bytes >> 4;
    this.worth = this.mostWorth;
  }

  /** A segment that offers some transactions, or idles, was looked up for so many channels. */
  @inline
  note(known: bool, transactions: i32, times: i32): void {
    if (known) {
      this.hits++;
      this.remembered += transactions;
      this.worth = min<i64>(this.worth + transactions * times, this.mostWorth);
    } else {
      this.misses++;
      this.simulated += transactions;
      this.worth -= this.cost;
    }
  }

  /** Transactions are simulated by a channel that serves alone. */
  noteAlone(transactions: i32): void {
    this.simulated += transactions;
    this.worth += (transactions + TRY - 1) / TRY;
  }

  /** Whether a channel should serve alone. */
  @inline
  isWasted(): bool {
    return this.worth < 0;
  }

  /** Whether one that does should try again. */
  isWorthTrying(): bool {
    return this.worth > this.mostWorth / 2;
  }
}
