//
//   A number whose sources differ.
//

/** Both ends are the same where they agree. */
export interface Band {
  low: number;
  high: number;
}
