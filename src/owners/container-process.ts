import { readArguments, readCgroup, readParent } from '../kernel/processes.ts'

/** Which container a process belongs to, as the kernel alone tells it. */
export interface ContainerProcess {
  readonly engine: 'docker' | 'podman' | 'cri'
  /** 64 hexadecimal digits. */
  readonly id: string
}

/**
 * Reads it from the cgroup path, which a runtime names after the container; where cgroups are not named or not
 * mounted, from the shim that is the parent of a container's first process.
 */
export function containerOfProcess(pid: number): ContainerProcess | undefined {
  const byCgroup = containerOfCgroup(readCgroup(pid))
  if (byCgroup !== undefined) return byCgroup
  const parent = readParent(pid)
  return parent === undefined ? undefined : containerOfShim(readArguments(parent))
}

const ID = '([0-9a-f]{64})'

/** Path as each runtime writes it, for the cgroupfs and the systemd driver (`docker-ID.scope`). */
const CGROUPS: readonly (readonly [ContainerProcess['engine'], RegExp])[] = [
  ['podman', new RegExp(`/libpod-${ID}`, 'm')],
  ['cri', new RegExp(`/(?:cri-containerd-|crio-)${ID}`, 'm')],
  ['cri', new RegExp(`/kubepods[^\\n]*[/-]${ID}(?:\\.scope)?(?:/|$)`, 'm')],
  ['cri', new RegExp(`/k8s\\.io/${ID}(?:/|$)`, 'm')],
  ['docker', new RegExp(`/docker[/-]${ID}(?:\\.scope)?(?:/|$)`, 'm')],
]

/** `text` is `/proc/PID/cgroup`. */
export function containerOfCgroup(text: string): ContainerProcess | undefined {
  for (const [engine, pattern] of CGROUPS) {
    const id = pattern.exec(text)?.[1]
    if (id !== undefined) return { engine, id }
  }
  return undefined
}

const SHIM_NAMESPACES: Readonly<Record<string, ContainerProcess['engine'] | undefined>> = {
  moby: 'docker',
  'k8s.io': 'cri',
}

/** `containerd-shim-runc-v2 -namespace moby -id ID …`, or `conmon … -c ID …` of podman. */
export function containerOfShim(words: readonly string[]): ContainerProcess | undefined {
  const program = words[0]?.slice(words[0].lastIndexOf('/') + 1) ?? ''
  if (program.startsWith('containerd-shim')) {
    const engine = SHIM_NAMESPACES[valueAfter(words, '-namespace') ?? '']
    return identified(engine, valueAfter(words, '-id'))
  }
  return program === 'conmon' ? identified('podman', valueAfter(words, '-c')) : undefined
}

function identified(
  engine: ContainerProcess['engine'] | undefined,
  id: string | undefined,
): ContainerProcess | undefined {
  return engine === undefined || id === undefined || !/^[0-9a-f]{64}$/.test(id) ? undefined : { engine, id }
}

function valueAfter(words: readonly string[], flag: string): string | undefined {
  const at = words.indexOf(flag)
  return at < 0 ? undefined : words[at + 1]
}
