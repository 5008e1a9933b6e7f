/**
 * Loads Ink. Its layout engine hands its own WebAssembly, which it holds as a data URL, to `fetch` where there is
 * one, and starting Node's fetch takes longer than all the rest; without one it decodes the URL itself.
 */
export async function withoutFetch<T>(load: () => Promise<T>): Promise<T> {
  const own = Object.getOwnPropertyDescriptor(globalThis, 'fetch')
  Reflect.deleteProperty(globalThis, 'fetch')
  try {
    return await load()
  } finally {
    if (own !== undefined) Object.defineProperty(globalThis, 'fetch', own)
  }
}
