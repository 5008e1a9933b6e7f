import type { CommandResult } from './netns-command.ts'
import { builtProgram } from './netns-program.ts'
import { openWorld, type World } from './netns-world.ts'

/** A world with the built program in it. */
export interface LabWorld {
  readonly world: World
  readonly program: string
  /** `tsnet-shoot lab …` */
  lab(...words: string[]): Promise<CommandResult>
  /** The same; throws what it says on stderr when it fails. */
  mustLab(...words: string[]): Promise<string>
  /** Writes a lab file; gives its path. */
  write(name: string, text: string): Promise<string>
  /** Everything of the machine that a lab could leave behind or change. */
  traces(): Promise<string>
}

/** Our own `ps` and shells are left out, and what has ended (`[grep] <defunct>`). */
const PROCESSES = 'ps -e -o args= | grep -v -E "^(ps|sh|grep|sort|find|nsenter)( |$)|^\\[" | sort'

const TRACES = [
  'ip netns list',
  'ip -o link show',
  'ip -o address show',
  'ip route show table all',
  'iptables-save | grep -v "^#"',
  'ip6tables-save | grep -v "^#"',
  'nft list ruleset',
  'find /run -path /run/files -prune -o -print | sort',
  'grep -rs . /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/conf /proc/sys/net/ipv6/conf | sort',
  // what the machine mounts elsewhere, and has in /etc, is seen here too
  'grep " - nsfs " /proc/self/mountinfo | grep -c " /run/"',
  'ls -d /etc/netns/tsnet:* 2>/dev/null',
  PROCESSES,
].join('; echo; ')

export async function openLabWorld(): Promise<LabWorld> {
  const program = await builtProgram()
  const world = await openWorld()
  // the first user of /run/netns makes a mount of it, which stays
  await world.run('ip', ['netns', 'add', 'first'])
  await world.run('ip', ['netns', 'delete', 'first'])
  await world.run('sh', ['-c', 'mkdir /run/files && iptables-save >/dev/null; ip6tables-save >/dev/null'])
  const lab = (...words: string[]) => world.tryRun(process.execPath, [program, 'lab', ...words])
  return {
    world,
    program,
    lab,
    mustLab: async (...words) => {
      const { status, stdout, stderr } = await lab(...words)
      if (status !== 0) throw new Error(`lab ${words.join(' ')}: exit ${status}: ${stderr}${stdout}`)
      return stdout
    },
    write: async (name, text) => {
      const path = `/run/files/${name}`
      await world.run('tee', [path], { input: text })
      return path
    },
    traces: () => world.run('sh', ['-c', TRACES]),
  }
}
