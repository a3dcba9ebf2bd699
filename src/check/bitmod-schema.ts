//
//   The form of a golden file of the BitMoD artifact, in the artifact's own words.
//
//     config                             the platform, and a machine a key
//     model_shapes                       head counts, linears
//     paper_rows, head_rows              a result of each revision for (model, mode, accel, batch, ctx)
//     head_layer_detail                  the products of one result, by "model|mode|accel|bBATCH|cCTX"
//

import { z } from "zod";

const size = z.int().min(1);
const count = z.int().min(0);
const positive = z.number().positive();
const microjoules = z.number().min(0);
const bits = z.number().min(1).max(64);
const bitsPerModel = z.union([bits, z.record(z.string(), bits)]).optional();
const grid = z.tuple([size, size]);
const shape = z.tuple([size, size, size]);

const subject = { model: z.string(), mode: z.enum(["discriminative", "generative"]), accel: z.string(), ctx: size };

const paperRowSchema = z.looseObject({
  ...subject,
  batch: z.literal(1, { error: "allowed 1: the published revision knows no batch" }),
  total_cycles: count,
  onchip_uJ: count,
  total_uJ: count,
  published_total_cycles: count.optional(),
  published_onchip_uJ: microjoules.optional(),
  published_total_uJ: microjoules.optional(),
});

const headRowSchema = z.looseObject({
  ...subject,
  batch: size,
  w_prec: bits,
  kv_prec: bits,
  compute_cycles: count,
  total_cycles: count,
  linear_compute: count,
  linear_dram: count,
  attn_compute: count,
  attn_dram: count,
  tiles: count,
  pe_energy_uJ: microjoules,
  sram_rd_uJ: microjoules,
  sram_wr_uJ: microjoules,
  onchip_uJ: microjoules,
  dram_uJ: microjoules,
  total_uJ: microjoules,
  layers_compute_bound: count,
  layers: count,
});

const layerDetailSchema = z.looseObject({
  w: shape,
  i: shape,
  o: shape,
  tiles: count,
  compute: count,
  dram: count,
  w_bytes: count,
  i_bytes: count,
  o_bytes: count,
  fetch_w_i: grid,
  dram_uJ: microjoules,
  sram_wr_uJ: microjoules,
  count: size,
});

const headsSchema = z
  .looseObject({
    num_hidden_layers: size,
    hidden_size: size,
    num_attention_heads: size,
    num_key_value_heads: size.nullish(),
  })
  .refine(({ hidden_size: hidden, num_attention_heads: heads }) => hidden % heads === 0, {
    path: ["hidden_size"],
    error: "allowed a multiple of num_attention_heads",
  })
  .refine(({ num_attention_heads: heads, num_key_value_heads: kvHeads }) => heads % (kvHeads ?? heads) === 0, {
    path: ["num_key_value_heads"],
    error: "allowed a divisor of num_attention_heads",
  });

const modelSchema = z.looseObject({
  config: headsSchema,
  linear: z.record(z.string(), z.looseObject({ shape_out_in: grid, count: size })),
});

const platformSchema = z.looseObject({
  pr_scaling: positive,
  w_sram_bytes: size,
  i_sram_bytes: size,
  sram_min_write_bits: size,
  dram: z.looseObject({ bus_bits: size, bits_per_cycle: size, energy_pJ_per_128bit: positive }),
  cacti: z.array(z.looseObject({ total_bits: size, read_pJ: positive, write_pJ: positive })).min(1),
});

/** One machine of `config`; which keys are machines, the rows say. */
export const accelSchema = z.looseObject({
  pe_array_gen: grid,
  pe_array_disc: grid,
  pe_dp_size: size,
  pe_energy_pJ: positive,
  kv_prec: bits,
  i_prec: size,
  bit_serial: z.boolean(),
  w_prec: bitsPerModel,
  w_prec_gen: bitsPerModel,
  w_prec_disc: bitsPerModel,
  w_prec_HEAD: bitsPerModel,
  w_prec_HEAD_gen: bitsPerModel,
  w_prec_HEAD_disc: bitsPerModel,
  w_prec_PAPER: bitsPerModel,
  w_prec_PAPER_gen: bitsPerModel,
  w_prec_PAPER_disc: bitsPerModel,
});

export const goldenSchema = z.looseObject({
  config: platformSchema,
  model_shapes: z.record(z.string(), modelSchema),
  paper_rows: z.array(paperRowSchema),
  head_rows: z.array(headRowSchema),
  head_layer_detail: z.record(z.string(), z.record(z.string(), layerDetailSchema)).default({}),
});

export type Accel = z.output<typeof accelSchema>;
export type GoldenPlatform = z.output<typeof platformSchema>;
export type GoldenModel = z.output<typeof modelSchema>;
export type Golden = z.output<typeof goldenSchema>;
export type PaperRow = z.output<typeof paperRowSchema>;
export type HeadRow = z.output<typeof headRowSchema>;
export type LayerDetail = z.output<typeof layerDetailSchema>;
export type Mode = HeadRow["mode"];
