//
//   The embedded tokenizer, and tokenizers that do not fit.
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { InputError } from "../../src/basics/errors.js";
import { parseTokenizer } from "../../src/infer/tokenizer.js";
import { embeddedModel, embeddedTrace, readText, smallModel } from "../support/pack.js";

const tokenizer = suite("tokenizer");
const FILE = "models/tiny-llama/tokenizer.json";
const TEXT = "The history of Rome began in 753 BC.\n It's \u201cquoted\u201d \u2014 na\u00efve";

async function refused(text: string, model = embeddedModel("tiny-llama")): Promise<string> {
  try {
    await parseTokenizer(text, "tokenizer.json", model);
  } catch (error) {
    assert.instance(error, InputError);
    return (error as Error).message;
  }
  throw new Error("accepted");
}

tokenizer("text goes to ids of the vocabulary and back", async () => {
  const one = await parseTokenizer(readText(FILE), FILE, embeddedModel("tiny-llama"));
  const ids = one.encode(TEXT);
  assert.equal([...ids.slice(0, 6)], [416, 2164, 280, 418, 471, 1054]);
  assert.is(one.decode(ids), TEXT);
  assert.equal([one.encode("").length, one.decode(new Int32Array(0))], [0, ""]);
});

tokenizer("what the model sampled is text, and the same tokens again", async () => {
  const one = await parseTokenizer(readText(FILE), FILE, embeddedModel("tiny-llama"));
  const tokens = embeddedTrace("prefill2k").tokens.slice(0, 200);
  const text = one.decode(tokens);
  assert.ok(text.length > 400 && /[a-z]{4}/.test(text));
  assert.is(one.decode(one.encode(text)), text);
});

tokenizer("a larger vocabulary than the model's, and what is no tokenizer, are refused in one line", async () => {
  const larger = await refused(readText(FILE), smallModel());
  assert.is(larger, "tokenizer.json: the largest token id is 4095; allowed 0..9 (vocab_size of model small)");
  assert.match(await refused("{}"), /^tokenizer\.json: is not a tokenizer that can be used: .+$/);
  assert.match(await refused("{"), /^tokenizer\.json: is not JSON/);
});

tokenizer.run();
