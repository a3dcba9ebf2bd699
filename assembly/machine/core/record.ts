//
//   Words of a work record (contract.ts) and of an event (events.ts), by their fields.

// @ts-ignore: decorator
@inline
export function word(record: usize, field: i32): i32 {
  return load<i32>(record + ((<usize>field) << 2));
}

// @ts-ignore: decorator
@inline
export function put(record: usize, field: i32, value: i32): void {
  store<i32>(record + ((<usize>field) << 2), value);
}
