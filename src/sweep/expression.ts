//
//   Expressions over the values of a point: conditions between knobs, knobs that follow others.
//
//     array.rows * array.columns <= 4096 and dram.device != ddr4-3200          (hyphens belong to words: a - b has spaces)
//
//     or ─ and ─ comparison ─ sum ─ product ─ factor: number, word, call, ( ... ), - factor
//
//   A word is a name of the point's, or else text to compare with. Numbers are in the unit that the name says.
//

import { ceilDiv } from "../basics/units.js";

export type Value = number | string | boolean;
/** The value of a name, undefined where the point has none. */
export type Lookup = (name: string) => Value | undefined;

export interface Expression {
  readonly text: string;
  /** Words in it, whether names or texts. */
  readonly words: readonly string[];
  value(lookup: Lookup): Value;
}

/** An expression that means nothing; `message` says why, in half a line. */
export class ExpressionError extends Error {
  override readonly name = "ExpressionError";
}

const TOKEN = /\s*(\d+\.?\d*(?:e[-+]?\d+)?|\.\d+|[A-Za-z_][\w.-]*|<=|>=|==|!=|[-+*/(),<>])/y;
const WORD = /^[A-Za-z_]/;
const RESERVED = ["and", "or", "if"];

type Node = (lookup: Lookup) => Value;

const CALLS: Readonly<Record<string, (...values: number[]) => number>> = {
  min: Math.min,
  max: Math.max,
  ceil: Math.ceil,
  floor: Math.floor,
  log2: Math.log2,
  ceilDiv,
};

const COMPARE: Readonly<Record<string, (a: Value, b: Value) => boolean>> = {
  "<=": (a, b) => number(a) <= number(b),
  ">=": (a, b) => number(a) >= number(b),
  "<": (a, b) => number(a) < number(b),
  ">": (a, b) => number(a) > number(b),
  "==": (a, b) => a === b,
  "!=": (a, b) => a !== b,
};

const ARITHMETIC: Readonly<Record<string, (a: number, b: number) => number>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
};

export function parseExpression(text: string): Expression {
  const tokens = tokensOf(text);
  const parser = new Parser(tokens);
  const node = parser.whole();
  const words = tokens.filter((one) => WORD.test(one) && !RESERVED.includes(one) && !Object.hasOwn(CALLS, one));
  return { text: text.trim(), words, value: node };
}

class Parser {
  private at = 0;

  constructor(private readonly tokens: readonly string[]) {}

  whole(): Node {
    const node = this.either();
    if (this.at < this.tokens.length) throw new ExpressionError(`${this.tokens[this.at]} is not expected`);
    return node;
  }

  private either(): Node {
    return this.chain(
      ["or"],
      () => this.both(),
      (_, a, b) => (lookup) => truth(a(lookup)) || truth(b(lookup)),
    );
  }

  private both(): Node {
    return this.chain(
      ["and"],
      () => this.comparison(),
      (_, a, b) => (lookup) => truth(a(lookup)) && truth(b(lookup)),
    );
  }

  private comparison(): Node {
    const left = this.sum();
    if (!(this.peek() in COMPARE)) return left;
    const compare = COMPARE[this.next()];
    const right = this.sum();
    return (lookup) => compare(left(lookup), right(lookup));
  }

  private sum(): Node {
    return this.chain(["+", "-"], () => this.product(), arithmetic);
  }

  private product(): Node {
    return this.chain(["*", "/"], () => this.factor(), arithmetic);
  }

  private factor(): Node {
    const token = this.next();
    if (token === "-")
      return (
        (inner) => (lookup: Lookup) =>
          -number(inner(lookup))
      )(this.factor());
    if (token === "(") return this.closed(this.either());
    if (token === "if") return this.choice();
    if (Object.hasOwn(CALLS, token)) return this.call(CALLS[token]);
    if (WORD.test(token) && !RESERVED.includes(token)) return (lookup) => lookup(token) ?? token;
    if (/^[\d.]/.test(token)) return () => Number(token);
    throw new ExpressionError(token === "" ? "it ends too early" : `${token} is not expected`);
  }

  private call(apply: (...values: number[]) => number): Node {
    const inputs = this.inputs();
    return (lookup) => apply(...inputs.map((one) => number(one(lookup))));
  }

  private choice(): Node {
    const inputs = this.inputs();
    if (inputs.length !== 3) throw new ExpressionError("if wants a condition and two values");
    const [condition, yes, no] = inputs;
    return (lookup) => (truth(condition(lookup)) ? yes : no)(lookup);
  }

  /** What a function is applied to: ( value, value ... ). */
  private inputs(): Node[] {
    if (this.next() !== "(") throw new ExpressionError("a function wants its values in parentheses");
    const inputs = [this.either()];
    while (this.peek() === ",") {
      this.next();
      inputs.push(this.either());
    }
    return this.closed(inputs);
  }

  private closed<T>(inner: T): T {
    if (this.next() !== ")") throw new ExpressionError("a parenthesis is not closed");
    return inner;
  }

  /** Operands joined by any of `operators`, from left to right. */
  private chain(
    operators: readonly string[],
    operand: () => Node,
    join: (operator: string, a: Node, b: Node) => Node,
  ): Node {
    let node = operand();
    while (operators.includes(this.peek())) node = join(this.next(), node, operand());
    return node;
  }

  private peek(): string {
    return this.tokens[this.at] ?? "";
  }

  private next(): string {
    return this.tokens[this.at++] ?? "";
  }
}

function arithmetic(operator: string, a: Node, b: Node): Node {
  const apply = ARITHMETIC[operator];
  return (lookup) => apply(number(a(lookup)), number(b(lookup)));
}

function tokensOf(text: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (text.slice(TOKEN.lastIndex).trim() !== "") {
    const at = TOKEN.lastIndex;
    const token = TOKEN.exec(text)?.[1];
    if (token === undefined) throw new ExpressionError(`${text.slice(at).trim()} is not understood`);
    tokens.push(token);
  }
  if (tokens.length === 0) throw new ExpressionError("it is empty");
  return tokens;
}

function number(value: Value): number {
  if (typeof value === "number") return value;
  throw new ExpressionError(`${value} is no number`);
}

function truth(value: Value): boolean {
  if (typeof value === "boolean") return value;
  throw new ExpressionError(`${value} is no condition`);
}
