//
//   mobisim models: which models there are, how large they are, and where their shapes were read.
//

import type { Command } from "commander";
import { InputError } from "../basics/errors.js";
import { type Machine, parseMachine } from "../hardware/machine.js";
import { readNamed } from "../io/files.js";
import { lookOfStdout } from "../io/look.js";
import { modelFolders, modelTable, readModel } from "../io/models.js";
import { jsonText } from "../report/json.js";
import { type ListedModel, modelPage, modelsPage } from "../report/models-page.js";
import { renderPage } from "../report/terminal.js";
import { modelSizes } from "../schedule/model-sizes.js";

const HELP = `
A model is a folder with a config.json (Hugging Face format), or a name of models/shapes.json. Dense models of the
families LLaMA, Mistral, Qwen2, Qwen3, Phi, Phi-3, Gemma, Gemma-2 and OPT run; others are listed with the reason.

Examples:
  mobisim models                    all names, with sizes
  mobisim models phi-2              one, with its linears and its sources
  mobisim models ./my-model         a folder of yours: what is made of its config.json
  mobisim models --json             one JSON document

Exit codes: 0 good, 2 bad input`;

/** Options, help and action of `mobisim models`. */
export function define(command: Command): void {
  command
    .argument("[name]", "a model of models/, or a folder with config.json; without it: all that come along")
    .option("--json", "print one JSON document")
    .addHelpText("after", HELP)
    .action((name: string | undefined, options: { json?: boolean }) => show(name, options.json === true));
}

function show(name: string | undefined, json: boolean): void {
  const models = name === undefined ? allModels() : [oneModel(name)];
  if (json) process.stdout.write(jsonText(name === undefined ? { models: models.map(summary) } : details(models[0])));
  else process.stdout.write(renderPage(name === undefined ? modelsPage(models) : modelPage(models[0]), lookOfStdout()));
}

function allModels(): ListedModel[] {
  return [...modelFolders(), ...modelTable().names].map(listed);
}

/** A folder that is refused is bad input; a name of the table says why and is shown. */
function oneModel(name: string): ListedModel {
  const known = modelTable().entry(name) !== undefined;
  if (!known) readModel(name);
  return listed(known ? name.toLowerCase() : name);
}

/** The machine whose formats sizes are given in. */
function edge(): Machine {
  const { text, label } = readNamed("hw-configs", "edge", ".yaml");
  return parseMachine(text, label, []);
}

function listed(name: string): ListedModel {
  const entry = modelTable().entry(name) ?? null;
  try {
    const { model } = readModel(name);
    return { name: model.name, entry, shape: { model, sizes: modelSizes(model, edge()) } };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { name, entry, shape: { refused: error.message.split(": ").slice(2).join(": ") } };
  }
}

// ---- JSON

function summary({ name, entry, shape }: ListedModel) {
  const common = { name, hfRepo: entry?.hfRepo ?? null };
  if ("refused" in shape) return { ...common, supported: false, why: shape.refused };
  return { ...common, supported: true, family: shape.model.family, ...shape.sizes };
}

function details(one: ListedModel) {
  const { entry, shape } = one;
  const source = entry === null ? {} : { source: entry.source, recalled: entry.recalled ?? [], config: entry.config };
  return { ...summary(one), ...source, ...("refused" in shape ? {} : { shape: shape.model }) };
}
