//
//   Instances without a constructor: zeroed flat memory from the bump allocator, once, at build time.
//
//   `new` asks for an initializer of every field that refers to another instance; the parts of a channel are wired by
//   build() instead.

export function blank<T>(): T {
  const size = offsetof<T>();
  const instance = heap.alloc(size);
  memory.fill(instance, 0, size);
  return changetype<T>(instance);
}
