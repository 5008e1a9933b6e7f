import { TsnetError } from '../../errors.ts'

/** linux/if.h IFNAMSIZ, without its NUL. */
const MAX_LENGTH = 15

/**
 * The name of a new link in a sandbox: the prefix with the lowest number that is free (Docker 28; before, a number was
 * never given again).
 *
 * @param taken names of the links that are there
 * @throws TsnetError `usage` when the kernel takes no such name
 */
export function nextInterfaceName(prefix: string, taken: ReadonlySet<string>): string {
  let number = 0
  while (taken.has(`${prefix}${number}`)) number++
  return checkInterfaceName(`${prefix}${number}`)
}

/** @throws TsnetError `usage` when the kernel takes no such name */
export function checkInterfaceName(name: string): string {
  const isValid = name !== '' && name !== '.' && name !== '..' && !/[\s/:]/.test(name)
  if (isValid && Buffer.byteLength(name) <= MAX_LENGTH) return name
  throw new TsnetError('usage', `interface name ${JSON.stringify(name)}: the kernel takes no such name`, {
    hint: 'a link name has 1 to 15 bytes, without spaces, slashes and colons',
  })
}
