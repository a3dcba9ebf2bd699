//
//   Text to token ids and back, by a model's tokenizer.json.
//
//     tokenizer.json ──► @huggingface/tokenizers, loaded when it is needed ──► encode, decode
//
//   Refused: a tokenizer with ids that the model's vocabulary does not have.
//

import { InputError } from "../basics/errors.js";
import { parseJson } from "../basics/json.js";
import type { Model } from "../model/model.js";

export interface Tokenizer {
  encode(text: string): Int32Array;
  decode(tokens: Int32Array): string;
}

export async function parseTokenizer(text: string, file: string, model: Model): Promise<Tokenizer> {
  const json = parseJson(text, file);
  const { Tokenizer: HuggingFace } = await import("@huggingface/tokenizers");
  let tokenizer: InstanceType<typeof HuggingFace>;
  let largest: number;
  try {
    tokenizer = new HuggingFace(json as object, {});
    largest = Math.max(...tokenizer.get_vocab(true).values());
  } catch (error) {
    throw new InputError(`${file}: is not a tokenizer that can be used: ${(error as Error).message}`);
  }
  if (!(largest < model.vocab)) {
    const allowed = `allowed 0..${model.vocab - 1} (vocab_size of model ${model.name})`;
    throw new InputError(`${file}: the largest token id is ${largest}; ${allowed}`);
  }
  return {
    encode: (words) => Int32Array.from(tokenizer.encode(words).ids),
    decode: (tokens) => (tokens.length === 0 ? "" : tokenizer.decode(Array.from(tokens))),
  };
}
