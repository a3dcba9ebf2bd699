//
//   Mutants of a source file: what Stryker's own mutators make of it, as text.
//
//     source ──► decorators blanked ──► @stryker-mutator/instrumenter ──► [from, to) is replaced by that, one line a mutant
//
//   Stryker puts all mutants of a file into one program, which switches between them by an object of JavaScript: that is no
//   AssemblyScript. So its list is taken, and every mutant is a program of its own (build.ts).
//   Left out    texts, and what assert and throw say: they change no number.

import type { Mutant as Listed } from "@stryker-mutator/api/core";
import type { Ignorer } from "@stryker-mutator/api/ignore";
import type { Logger } from "@stryker-mutator/api/logging";
import { Instrumenter } from "@stryker-mutator/instrumenter";

interface Position {
  line: number;
  column: number;
}

export interface Mutant {
  /** File and number, in the order of the file. */
  id: string;
  file: string;
  mutator: string;
  /** Lines and columns count from one; the end is not part of it. */
  location: { start: Position; end: Position };
  replacement: string;
}

const EXCLUDED = ["StringLiteral"];
/** Expressions that may bind less tightly than what they replace. */
const IN_PARENTHESES =
  /^(ArithmeticOperator|BooleanLiteral|EqualityOperator|LogicalOperator|MethodExpression|UnaryOperator)$/;
/** AssemblyScript decorates functions, which no parser of TypeScript takes. */
const DECORATOR = /^([ \t]*)(@(?:inline|unmanaged))\b/gm;

const nothing = () => {};
const never = () => false;
const silent: Logger = {
  ...{ trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing, fatal: nothing },
  ...{ isTraceEnabled: never, isDebugEnabled: never, isInfoEnabled: never },
  ...{ isWarnEnabled: never, isErrorEnabled: never, isFatalEnabled: never },
};

interface SyntaxNode {
  type: string;
  callee?: { name?: string };
}

const speech: Ignorer = {
  shouldIgnore(path) {
    const { type, callee } = (path as unknown as { node: SyntaxNode }).node;
    return type === "ThrowStatement" || callee?.name === "assert" ? "says what went wrong" : undefined;
  },
};

/** All mutants of a file that can matter, in the order in which Stryker finds them. */
export async function mutantsOf(file: string, source: string): Promise<Mutant[]> {
  const content = source.replace(DECORATOR, (_, indent: string, name: string) => indent + " ".repeat(name.length));
  const options = { plugins: null, excludedMutations: EXCLUDED, ignorers: [speech] };
  const { mutants } = await new Instrumenter(silent).instrument([{ name: file, content, mutate: true }], options);
  return mutants.filter(({ status }) => status !== "Ignored").map((listed, i) => mutantOf(listed, `${file}#${i + 1}`));
}

function mutantOf({ fileName, location, mutatorName, replacement }: Listed, id: string): Mutant {
  const fromOne = ({ line, column }: Position) => ({ line: line + 1, column: column + 1 });
  const { start, end } = location;
  return {
    ...{ id, file: fileName, mutator: mutatorName, replacement },
    location: { start: fromOne(start), end: fromOne(end) },
  };
}

/** The piece of the source that a mutant replaces. */
export function original(source: string, { location: { start, end } }: Mutant): string {
  return source.slice(offsetOf(source, start), offsetOf(source, end));
}

/** The source with the mutant in it. */
export function mutated(source: string, { location, mutator, replacement }: Mutant): string {
  const put = IN_PARENTHESES.test(mutator) ? `(${replacement})` : replacement;
  return source.slice(0, offsetOf(source, location.start)) + put + source.slice(offsetOf(source, location.end));
}

function offsetOf(source: string, { line, column }: Position): number {
  let begin = 0;
  for (let n = 1; n < line; n++) begin = source.indexOf("\n", begin) + 1;
  return begin + column - 1;
}
