import { run } from '../../helpers/netns-command.ts'
import type { World, WorldCommandOptions } from '../../helpers/netns-world.ts'

/** Asks the system's own tools inside one namespace, and turns names into the numbers of the snapshot. */
export interface OracleContext {
  readonly world: World
  readonly name: string
  readonly variants: readonly string[]
  /** ifindex of a name; throws for an unknown one. */
  readonly indexOf: (name: string) => number
  /** Inode of the namespace that this one numbers so. */
  readonly inodeOfNsid: (nsid: number) => number
  readonly text: (command: string, words: string) => Promise<string>
  /** Parsed JSON output; an empty output is an empty list. */
  readonly json: <T>(command: string, words: string) => Promise<T[]>
}

/** @param variants of iptables that were used in it; asking any other would make its tables */
export async function oracleContext(world: World, name: string, variants: readonly string[]): Promise<OracleContext> {
  const options: WorldCommandOptions = { namespace: name }
  const text = (command: string, words: string) => world.run(command, words.split(' ').filter(Boolean), options)
  const json = async <T>(command: string, words: string): Promise<T[]> => {
    const output = await text(command, words)
    return output.trim() === '' ? [] : (JSON.parse(output) as T[])
  }
  const links = await json<{ ifindex: number; ifname: string }>('ip', '-j link')
  const numbers = new Map(links.map((link) => [link.ifname, link.ifindex]))
  const inodes = await inodesByNsid(world, name)
  return {
    world,
    name,
    variants,
    text,
    json,
    indexOf: (link) => known(numbers.get(link), `link ${link} in ${name}`),
    inodeOfNsid: (nsid) => known(inodes.get(nsid), `nsid ${nsid} in ${name}`),
  }
}

function known<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`the oracle knows no ${what}`)
  return value
}

async function inodesByNsid(world: World, name: string): Promise<Map<number, number>> {
  const output = await world.run('ip', ['-j', 'netns', 'list-id'], { namespace: name })
  const numbered = output.trim() === '' ? [] : (JSON.parse(output) as { nsid: number; name?: string }[])
  const found = new Map<number, number>()
  for (const { nsid, name: other } of numbered) {
    const path = other === undefined ? '/proc/1/ns/net' : `/run/netns/${other}`
    found.set(nsid, await inodeIn(world, path))
  }
  return found
}

/** Inode of an nsfs file inside the world. */
export async function inodeIn(world: World, path: string): Promise<number> {
  return Number((await world.run('stat', ['-L', '-c', '%i', path])).trim())
}

/** Inode of a namespace file on this machine. */
export async function inodeHere(path: string): Promise<number> {
  return Number((await run('stat', ['-L', '-c', '%i', path])).trim())
}
