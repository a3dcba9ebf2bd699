//
//   Cycle expressions of a data sheet: names of timings, integers, + - *. "nCL + nBL + 2 - nCWL" is 12 clocks.
//

/** An expression that cannot be evaluated; `message` is the part that is wrong. */
export class ExpressionError extends Error {
  override readonly name = "ExpressionError";
}

const TOKEN = /\s*([A-Za-z_]\w*|\d+|[-+*])\s*/y;

/** The value of a sum of products of names and integers. */
export function evaluate(text: string, values: Readonly<Record<string, number>>): number {
  const tokens = tokensOf(text);
  let sum = 0;
  let at = 0;
  let sign = 1;
  while (true) {
    let product = operand(tokens[at++], values);
    while (tokens[at] === "*") {
      product *= operand(tokens[at + 1], values);
      at += 2;
    }
    sum += sign * product;
    if (at === tokens.length) return sum;
    sign = tokens[at++] === "-" ? -1 : 1;
  }
}

function tokensOf(text: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const token = TOKEN.exec(text)?.[1];
    const isOperand = tokens.length % 2 === 0;
    if (token === undefined || /[-+*]/.test(token) === isOperand) throw new ExpressionError(text.slice(at).trim());
    tokens.push(token);
  }
  return tokens;
}

function operand(token: string | undefined, values: Readonly<Record<string, number>>): number {
  if (token === undefined) throw new ExpressionError("its end");
  if (/^\d/.test(token)) return Number(token);
  if (!Object.hasOwn(values, token)) throw new ExpressionError(token);
  return values[token];
}
