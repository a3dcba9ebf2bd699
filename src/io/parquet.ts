//
//   Columns as a Parquet file: numbers as DOUBLE, the rest as text.
//

interface Column {
  readonly name: string;
  readonly values: readonly (string | number | null)[];
}

export async function parquetOf(columns: readonly Column[]): Promise<Uint8Array> {
  const { parquetWriteBuffer } = await import("hyparquet-writer");
  const columnData = columns.map(({ name, values }) => {
    const isNumber = values.every((value) => value === null || typeof value === "number");
    const isKnown = values.some((value) => value !== null);
    const data = isNumber ? [...values] : values.map((value) => (value === null ? null : String(value)));
    return { name, data, type: isNumber && isKnown ? ("DOUBLE" as const) : ("STRING" as const), nullable: true };
  });
  return new Uint8Array(parquetWriteBuffer({ columnData }));
}
