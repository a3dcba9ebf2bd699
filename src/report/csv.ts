//
//   Tables for programs: comma-separated, a line a row, quotes where a value needs them.
//

export function csvOf(lines: readonly (readonly (string | number | null)[])[]): string {
  return `${lines.map((line) => line.map(cell).join(",")).join("\n")}\n`;
}

function cell(value: string | number | null): string {
  const text = value === null ? "" : String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
