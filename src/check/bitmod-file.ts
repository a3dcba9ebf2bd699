//
//   A golden file of the BitMoD artifact as subjects of the formula: nothing comes from hw-configs/.
//
//     text ──► bitmod-schema.ts ──► config, model_shapes ──► FormulaMachine, FormulaModel ──┐
//                              └──► rows ───────────────────────────────────────────────────┴──► BitmodFile
//
//   Words       gen, generative: decode. disc, discriminative: prefill. pe_dp_size: lanes. pr_scaling: peOverhead.
//

import { z } from "zod";
import { InputError } from "../basics/errors.js";
import { parseJson, readValue } from "../basics/json.js";
import type { FormulaMachine, FormulaModel, FormulaStep, PerModel, Phase, Platform } from "../bitmod/tables.js";
import {
  type Accel,
  accelSchema,
  type Golden,
  type GoldenModel,
  type GoldenPlatform,
  goldenSchema,
  type HeadRow,
  type LayerDetail,
  type Mode,
  type PaperRow,
} from "./bitmod-schema.js";

interface BitmodFile {
  readonly headRows: readonly Subject<HeadRow>[];
  readonly paperRows: readonly Subject<PaperRow>[];
  readonly details: readonly Subject<Layers>[];
}

/** The products of a step by name. */
export type Layers = Readonly<Record<string, LayerDetail>>;

/** What a row says, and what the formula is asked for it. */
export interface Subject<Row> {
  /** As a verdict names it. */
  readonly name: string;
  readonly row: Row;
  readonly model: FormulaModel;
  readonly machine: FormulaMachine;
  readonly step: FormulaStep;
}

/** What a row is about, and where it stands in the file. */
interface Asked {
  readonly at: string;
  readonly model: string;
  readonly mode: Mode;
  readonly accel: string;
  readonly batch: number;
  readonly ctx: number;
}

type Resolve = (asked: Asked, revision: FormulaStep["revision"]) => Omit<Subject<never>, "name" | "row">;

const PHASE_OF: Readonly<Record<Mode, Phase>> = { discriminative: "prefill", generative: "decode" };

export function readBitmodFile(text: string, fileName: string): BitmodFile {
  const value = parseJson(text, fileName);
  const golden = readValue(value, fileName, goldenSchema);
  const heads = golden.head_rows.map((row, i) => ({ at: `head_rows.${i}`, ...row }));
  const papers = golden.paper_rows.map((row, i) => ({ at: `paper_rows.${i}`, ...row }));
  const details = Object.entries(golden.head_layer_detail).map(([key, layers]) => askedBy(key, layers, fileName));
  if (heads.length + papers.length === 0) {
    throw new InputError(`${fileName}: head_rows and paper_rows are empty; allowed is a row or more`);
  }
  const resolve = resolver(golden, value, fileName, [...heads, ...papers, ...details]);
  const subject = <Row extends Asked>(kind: string, revision: FormulaStep["revision"], asked: Row) => {
    const { model, mode, accel, batch, ctx } = asked;
    return { name: `${kind} ${model} ${mode} ${accel} b${batch} c${ctx}`, ...resolve(asked, revision) };
  };
  return {
    headRows: heads.map((row) => ({ row, ...subject("head", "head", row) })),
    paperRows: papers.map((row) => ({ row, ...subject("paper", "paper", row) })),
    details: details.map((detail) => ({ row: detail.layers, ...subject("detail", "head", detail) })),
  };
}

function askedBy(key: string, layers: Layers, fileName: string): Asked & { layers: Layers } {
  const words = /^([^|]+)\|(discriminative|generative)\|([^|]+)\|b([1-9]\d*)\|c([1-9]\d*)$/.exec(key);
  if (words === null) {
    throw new InputError(`${fileName}: head_layer_detail.${key} is no name; allowed MODEL|MODE|ACCEL|bBATCH|cCTX`);
  }
  const [, model, mode, accel, batch, ctx] = words;
  return {
    at: `head_layer_detail.${key}`,
    model,
    mode: mode as Mode,
    accel,
    batch: Number(batch),
    ctx: Number(ctx),
    layers,
  };
}

/** Machines and models that rows name, made once. */
function resolver(golden: Golden, value: unknown, fileName: string, all: readonly Asked[]): Resolve {
  const accels = accelsOf(golden, value, fileName, all);
  const isMachine = (name: string) => Object.hasOwn(Object(golden.config[name]), "pe_array_gen");
  const platform = platformOf(golden.config, `${fileName}: config.cacti`);
  const machines = new Map(
    accels.map(([name, accel]) => [name, machineOf(accel, `${fileName}: config.${name}`, platform)]),
  );
  const models = new Map(Object.entries(golden.model_shapes).map(([name, shape]) => [name, modelOf(name, shape)]));
  return ({ at, model: modelName, mode, accel, batch, ctx }, revision) => {
    const refuse = (key: string, found: string, allowed: string[]): never => {
      throw new InputError(`${fileName}: ${at}.${key} is ${found}; allowed ${allowed.join(", ")}`);
    };
    const model = models.get(modelName) ?? refuse("model", modelName, Object.keys(golden.model_shapes));
    const machine = machines.get(accel) ?? refuse("accel", accel, Object.keys(golden.config).filter(isMachine));
    return { model, machine, step: { revision, phase: PHASE_OF[mode], batch, context: ctx } };
  };
}

/** The keys of `config` that rows name as machines, checked. */
function accelsOf(golden: Golden, value: unknown, fileName: string, all: readonly Asked[]): [string, Accel][] {
  const named = [...new Set(all.map(({ accel }) => accel))].filter((name) => Object.hasOwn(golden.config, name));
  const schema = z.object({ config: z.object(Object.fromEntries(named.map((name) => [name, accelSchema]))) });
  return Object.entries(readValue(value, fileName, schema).config);
}

function machineOf(accel: Accel, place: string, platform: Platform): FormulaMachine {
  const array = ([rows, columns]: [number, number]) => ({ rows, columns });
  const { w_prec: all = {}, w_prec_gen: decode = all, w_prec_disc: prefill = all } = accel;
  const bits = (of: PerModel | undefined, gen: PerModel | undefined, disc: PerModel | undefined) => ({
    decode: gen ?? of ?? decode,
    prefill: disc ?? of ?? prefill,
  });
  return {
    place,
    array: { decode: array(accel.pe_array_gen), prefill: array(accel.pe_array_disc) },
    lanes: accel.pe_dp_size,
    bitSerial: accel.bit_serial,
    pePj: accel.pe_energy_pJ,
    activationBits: accel.i_prec,
    kvBits: accel.kv_prec,
    weightBits: {
      head: bits(accel.w_prec_HEAD, accel.w_prec_HEAD_gen, accel.w_prec_HEAD_disc),
      paper: bits(accel.w_prec_PAPER, accel.w_prec_PAPER_gen, accel.w_prec_PAPER_disc),
    },
    platform,
  };
}

function platformOf(config: GoldenPlatform, place: string): Platform {
  const { bus_bits: accessBits, bits_per_cycle: bitsPerCycle, energy_pJ_per_128bit: accessPj } = config.dram;
  const ports = config.cacti.map((port) => ({
    widthBits: port.total_bits,
    readPj: port.read_pJ,
    writePj: port.write_pJ,
  }));
  return {
    peOverhead: config.pr_scaling,
    weightBufferBytes: config.w_sram_bytes,
    inputBufferBytes: config.i_sram_bytes,
    sramWriteBits: config.sram_min_write_bits,
    dram: { bitsPerCycle, accessBits, accessPj },
    sram: { place, ports },
  };
}

function modelOf(name: string, { config, linear }: GoldenModel): FormulaModel {
  const heads = config.num_attention_heads;
  return {
    name,
    layers: config.num_hidden_layers,
    heads,
    kvHeads: config.num_key_value_heads ?? heads,
    headSize: config.hidden_size / heads,
    linears: Object.entries(linear).map(
      ([
        full,
        {
          shape_out_in: [out, inputs],
          count,
        },
      ]) => ({
        name: full,
        in: inputs,
        out,
        count,
      }),
    ),
  };
}
