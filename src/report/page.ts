//
//   What a report says, before anybody decides how it looks. terminal.ts, markdown.ts and html.ts render
//   the same pages.
//
//     Result ──► sections.ts ──► Page ──┬──► terminal.ts
//                    │                  ├──► markdown.ts
//                    └──► full-page.ts ─┴──► html.ts (with the figures)
//

/** Where a figure comes from: the word that stands beside it. */
type Source =
  | "modelled" // the simulated machine
  | "modelled, prices cited" // counters of the machine x published energy per event
  | "modelled, prices cited or estimated" // the same; some prices are scaled from a publication, the notes name them
  | "measured" // the functional path ran the model
  | "recorded" // the trace pack recorded it
  | "cited" // a publication states it
  | "none"; // not known for this run

export interface Row {
  /** Of what is told apart in a page: a brush selects rows by it. */
  id?: string;
  label: string;
  cells: string[];
  /** 0..1, drawn as a bar where bars can be drawn. */
  share?: number;
  total?: boolean;
}

/** A Vega-Lite specification: plain data. */
export type Chart = Readonly<Record<string, unknown>>;

/** A picture of what the rows say: a chart, or a drawing that is SVG already. */
export type Figure = { name: string; caption: string } & ({ chart: Chart } | { svg: string });

/** A text file inside a report. */
export interface Attachment {
  name: string;
  text: string;
}

export interface Section {
  title: string;
  /** Before the table; where pictures cannot be shown, the table says the same. */
  figures?: Figure[];
  source?: Source;
  /** Heads of the label column and of the cells; absent: a list of facts. */
  columns?: string[];
  rows: Row[];
  notes: string[];
  /** What a reader can do where there is a pointer. */
  hint?: string;
  /** Where it can be: by any column. */
  sortable?: boolean;
  /** Files that come with it. */
  attachments?: readonly Attachment[];
}

export interface Page {
  title: string;
  sections: Section[];
  legend: string;
}
