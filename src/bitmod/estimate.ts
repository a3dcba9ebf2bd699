//
//   The cost formula of one step: every product by itself, and their sums.
//
//     model, machine, step ──► productsOf ──► costOf, one after the other ──► Estimate { products, cycles, energyPj ... }
//
//   Law         cycles = sum over products of count x max(compute, dram): a barrier behind every product.
//

import { InputError } from "../basics/errors.js";
import { costOf, type ProductCost, type ProductEnergy } from "./cost.js";
import { type Product, productsOf } from "./products.js";
import { type FormulaMachine, type FormulaModel, type FormulaStep, portsOf } from "./tables.js";

export interface Estimate {
  /** One entry a product; it counts `product.count` times in every sum below. */
  readonly products: readonly ProductCost[];
  readonly cycles: number;
  readonly computeCycles: number;
  readonly tiles: number;
  readonly linear: Sides;
  readonly attention: Sides;
  /** Products of the step, and those of them whose compute cycles are not below their DRAM cycles. */
  readonly layers: number;
  readonly layersComputeBound: number;
  readonly energyPj: EstimatedEnergy;
}

/** Each side's cycles as if the other took none. */
interface Sides {
  readonly computeCycles: number;
  readonly dramCycles: number;
}

export interface EstimatedEnergy extends ProductEnergy {
  /** PEs and SRAM. */
  readonly onchip: number;
  readonly total: number;
}

export function estimate(model: FormulaModel, machine: FormulaMachine, step: FormulaStep): Estimate {
  const ports = portsOf(machine, model.name, step);
  const products = productsOf(model, machine, step).map((product) => costOf(product, machine, ports, step));
  const sum = (value: (cost: ProductCost) => number): number => sumOf(products, value);
  const sides = (kind: Product["kind"]): Sides => {
    const own = products.filter(({ product }) => product.kind === kind);
    return {
      computeCycles: sumOf(own, ({ computeCycles }) => computeCycles),
      dramCycles: sumOf(own, ({ dramCycles }) => dramCycles),
    };
  };
  refuseInexact(
    sum(({ bytes, reads, cycles }) => cycles + bytes.weights * reads.weights + bytes.inputs * reads.inputs),
    step,
  );
  return {
    products,
    cycles: sum(({ cycles }) => cycles),
    computeCycles: sum(({ computeCycles }) => computeCycles),
    tiles: sum(({ tiles }) => tiles),
    linear: sides("linear"),
    attention: sides("attention"),
    layers: sum(() => 1),
    layersComputeBound: sum(({ computeCycles, dramCycles }) => (computeCycles >= dramCycles ? 1 : 0)),
    energyPj: energyOf(sum),
  };
}

function energyOf(sum: (value: (cost: ProductCost) => number) => number): EstimatedEnergy {
  const pe = sum(({ energyPj }) => energyPj.pe);
  const sramRead = sum(({ energyPj }) => energyPj.sramRead);
  const sramWrite = sum(({ energyPj }) => energyPj.sramWrite);
  const dram = sum(({ energyPj }) => energyPj.dram);
  const onchip = pe + sramRead + sramWrite;
  return { pe, sramRead, sramWrite, dram, onchip, total: onchip + dram };
}

function sumOf(products: readonly ProductCost[], value: (cost: ProductCost) => number): number {
  return products.reduce((total, cost) => total + cost.product.count * value(cost), 0);
}

/** Beyond 2^53 a count is no longer exact. */
function refuseInexact(largest: number, { batch, context }: FormulaStep): void {
  if (largest <= Number.MAX_SAFE_INTEGER) return;
  throw new InputError(`batch ${batch} and context ${context} make counts beyond 2^53; allowed are smaller ones`);
}
