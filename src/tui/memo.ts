/**
 * Remembers the last result, for as long as the inputs named by `keys` are the same objects.
 * The screen asks for the same table several times a key and once a frame.
 */
export function rememberLast<In, Out>(
  keys: (input: In) => readonly unknown[],
  compute: (input: In) => Out,
): (input: In) => Out {
  let last: { readonly keys: readonly unknown[]; readonly value: Out } | undefined
  return (input) => {
    const now = keys(input)
    if (last !== undefined && sameItems(last.keys, now)) return last.value
    last = { keys: now, value: compute(input) }
    return last.value
  }
}

function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, position) => Object.is(item, b[position]))
}
