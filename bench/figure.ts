//
//   A rate with its unit.
//

export interface Figure {
  name: string;
  perSecond: number;
  unit: string;
}

export function figureLine({ name, perSecond, unit }: Figure): string {
  return `${name.padEnd(36)} ${Math.round(perSecond).toLocaleString("en").padStart(14)} ${unit}`;
}
