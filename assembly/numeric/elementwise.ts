//
//   What the vector unit computes element by element, four at a time: softmax, gated SiLU, rounding to FP16.
//
//     x ──► exp ──► softmax of a row, silu(g) * u            x ──► settle ──► the nearest FP16 numbers, ties to even
//
//   Law         exp(x) = 2^n * e^r with n = round(x / ln 2), |r| <= ln 2 / 2, e^r a polynomial of degree 7: within 2 units in
//               the last place of FP32 from -87 to 88, 0 below. Sums of a softmax are FP64. Each element stands alone.
//

const LOG2_E: f32 = 1.44269504088896341;
/** ln 2 in two parts, the first one short, so that n * LN2_HIGH is exact. */
const LN2_HIGH: f32 = 0.693359375;
const LN2_LOW: f32 = -2.1219444e-4;
const LEAST: f32 = -87.3;
const MOST: f32 = 88.3;

/** e^x of four values. */
// @ts-ignore: decorator
@inline
function exp4(x: v128): v128 {
  const clamped = f32x4.max(f32x4.min(x, f32x4.splat(MOST)), f32x4.splat(LEAST));
  const n = f32x4.nearest(f32x4.mul(clamped, f32x4.splat(LOG2_E)));
  const high = f32x4.sub(clamped, f32x4.mul(n, f32x4.splat(LN2_HIGH)));
  const r = f32x4.sub(high, f32x4.mul(n, f32x4.splat(LN2_LOW)));
  let power = f32x4.splat(1.0 / 5040);
  power = f32x4.add(f32x4.mul(power, r), f32x4.splat(1.0 / 720));
  power = f32x4.add(f32x4.mul(power, r), f32x4.splat(1.0 / 120));
  power = f32x4.add(f32x4.mul(power, r), f32x4.splat(1.0 / 24));
  power = f32x4.add(f32x4.mul(power, r), f32x4.splat(1.0 / 6));
  power = f32x4.add(f32x4.mul(power, r), f32x4.splat(0.5));
  power = f32x4.add(f32x4.mul(power, r), f32x4.splat(1));
  power = f32x4.add(f32x4.mul(power, r), f32x4.splat(1));
  const scale = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23);
  return v128.and(f32x4.mul(power, scale), f32x4.ge(x, f32x4.splat(LEAST)));
}

/** The nearest FP16 numbers of four values; infinity from 65520 on. */
// @ts-ignore: decorator
@inline
function half4(x: v128): v128 {
  const sign = v128.and(x, i32x4.splat(0x80000000));
  const magnitude = v128.andnot(x, i32x4.splat(0x80000000));
  const odd = v128.and(i32x4.shr_u(magnitude, 13), i32x4.splat(1));
  const sum = i32x4.add(i32x4.add(magnitude, i32x4.splat(0xfff)), odd);
  const rounded = v128.andnot(sum, i32x4.splat(0x1fff));
  const over = i32x4.gt_s(rounded, i32x4.splat(0x477fe000));
  const finite = v128.bitselect(v128.or(i32x4.splat(0x7f800000), nanOf(magnitude)), rounded, over);
  // Below 2^-14: adding 0.5 puts 2^-24 at the last bit of an FP32, which rounds.
  const small = f32x4.sub(f32x4.add(magnitude, f32x4.splat(0.5)), f32x4.splat(0.5));
  return v128.or(sign, v128.bitselect(small, finite, i32x4.lt_s(magnitude, i32x4.splat(0x38800000))));
}

/** A fraction bit where a magnitude is NaN. */
// @ts-ignore: decorator
@inline
function nanOf(magnitude: v128): v128 {
  return v128.and(i32x4.gt_s(magnitude, i32x4.splat(0x7f800000)), i32x4.splat(0x400000));
}

/** Rounds n values to FP16; n is rounded up to a multiple of four, and the memory is there. */
export function settle(at: usize, n: i32): void {
  for (const end = at + ((<usize>n) << 2); at < end; at += 16) v128.store(at, half4(v128.load(at)));
}

/** x = x * factor, rounded to FP16; n as above, both on 16 bytes. */
export function scaleHalves(x: usize, factors: usize, n: i32): void {
  for (const end = x + ((<usize>n) << 2); x < end; x += 16, factors += 16) {
    v128.store(x, half4(f32x4.mul(v128.load(x), v128.load(factors))));
  }
}

/** g = silu(g) * u. */
export function gate(g: usize, u: usize, n: i32): void {
  const one = f32x4.splat(1);
  for (const end = g + ((<usize>n) << 2); g < end; g += 16, u += 16) {
    const x = v128.load(g);
    const silu = f32x4.div(x, f32x4.add(one, exp4(f32x4.neg(x))));
    v128.store(g, f32x4.mul(silu, v128.load(u)));
  }
}

/** Probabilities of `own` scores, times `scale` first; zeros up to `seen`. FP16 in and out if `halves`. A row on 16 bytes. */
export function softmax(row: usize, own: i32, seen: i32, scale: f32, halves: bool): void {
  const padded = (own + 3) & ~3;
  for (let i = own; i < max(padded, seen); i++) store<f32>(row + ((<usize>i) << 2), -Infinity);
  const end = row + ((<usize>padded) << 2);
  let most = f32x4.splat(-Infinity);
  for (let at = row; at < end; at += 16) {
    let x = f32x4.mul(v128.load(at), f32x4.splat(scale));
    if (halves) x = half4(x);
    v128.store(at, x);
    most = f32x4.max(most, x);
  }
  const largest = f32x4.splat(
    max(
      max(f32x4.extract_lane(most, 0), f32x4.extract_lane(most, 1)),
      max(f32x4.extract_lane(most, 2), f32x4.extract_lane(most, 3)),
    ),
  );
  let sums = f64x2.splat(0);
  for (let at = row; at < end; at += 16) {
    const power = exp4(f32x4.sub(v128.load(at), largest));
    v128.store(at, power);
    sums = f64x2.add(sums, f64x2.promote_low_f32x4(power));
    sums = f64x2.add(sums, f64x2.promote_low_f32x4(v128.shuffle<i64>(power, power, 1, 1)));
  }
  const sum = f32x4.splat(<f32>(f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1)));
  for (let at = row; at < end; at += 16) {
    const share = f32x4.div(v128.load(at), sum);
    v128.store(at, halves ? half4(share) : share);
  }
  for (let i = padded; i < seen; i++) store<f32>(row + ((<usize>i) << 2), 0);
}
