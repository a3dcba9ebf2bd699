//
//   A frame for the channels of a controller.
//

import { make } from "../alloc";
import { Controller } from "./controller";
import { Frame } from "./frame";

/** A frame of a device's channels. */
export function newFrame(controller: Controller): Frame {
  const frame = make<Frame>();
  // Refresh of single banks knows one bank from another, and pseudo-channels are refreshed in turn.
  const alike = controller.maintenance.perBank ? 0 : (1 << controller.timing.topShift) - 1;
  frame.build(controller.map, controller.pool.capacity + 1, controller.writes.capacity, alike);
  return frame;
}
