//
//   Step 2 of a controller: the command of the refresh at the head of the FIFO.
//
//     its banks open   all banks: PREA    one bank: PRE      closed   all banks: REF    one bank: REFpb
//
//   Cycle law   only the head may issue; none of its banks may be held by an active request, or be activating.
//   Source      docs/machine.md section 9.

import { Command } from "../../contract";
import { Controller } from "./controller";

/** The next command of the head. */
export function refreshCommand(base: Controller): i32 {
  const isOpen = (base.banks.open & refreshBanks(base)) != 0;
  if (base.maintenance.perBank) return isOpen ? Command.Pre : Command.RefreshBank;
  return isOpen ? Command.PreAll : Command.Refresh;
}

/** Issues it if it is ready and none of its banks is held or among `others`. */
export function tryRefresh(base: Controller, command: i32, others: u64, clk: i64): bool {
  const banks = refreshBanks(base);
  if (((base.banks.held | others) & banks) != 0) return false;
  const perBank = base.maintenance.perBank;
  const turn = base.maintenance.turn;
  const ready = perBank ? base.timing.ready(command, turn) : base.timing.topReady(command, turn);
  if (ready > clk) {
    base.choice.wait(ready);
    return false;
  }
  for (let mask = base.banks.open & banks; mask != 0; mask &= mask - 1) base.close(<i32>ctz(mask));
  if (command == Command.Refresh || command == Command.RefreshBank) base.maintenance.served();
  if (perBank) base.timing.issued(command, turn, clk);
  else base.timing.issuedTop(command, turn, clk);
  base.tally.command(command, perBank ? turn : -1 - turn, -1, clk);
  return true;
}

/** Banks of the refresh at the head. */
function refreshBanks(base: Controller): u64 {
  const turn = base.maintenance.turn;
  return base.maintenance.perBank ? (<u64>1) << turn : base.timing.tree.bankMask(turn);
}
