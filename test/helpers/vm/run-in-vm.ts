import { type ChildProcess, spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { initramfs } from './initramfs.ts'
import { installedKernel } from './kernel.ts'
import { readTranscript, type Section } from './transcript.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const GUEST = fileURLToPath(new URL('./guest.sh', import.meta.url))
const SECTIONS = fileURLToPath(new URL('./sections.sh', import.meta.url))

/** The guest's program is a copy below the root, where it finds koffi: a build meanwhile would pull chunks away. */
const PROGRAM = join(ROOT, 'dist')
const CACHE = join(ROOT, '.cache/vm')

/**
 * Emulation translates code by its address and keeps what it translated: with programs at fixed addresses (norandmaps)
 * a large one starts three times faster, and without mitigations there is less to translate.
 */
const KERNEL_PARAMETERS = 'console=ttyS0 quiet loglevel=1 panic=-1 norandmaps mitigations=off random.trust_cpu=on'

const MAX_OUTPUT_CHARACTERS = 64 * 1024 * 1024
const TAIL_CHARACTERS = 4000

export interface VmOptions {
  /** Kernel modules to load before the script runs. */
  readonly modules: readonly string[]
  readonly timeoutMs: number
  readonly memoryMb?: number
  /** Shell variables of the script; no value has a space. */
  readonly environment?: Readonly<Record<string, string>>
  /**
   * Lets the guest's clock follow its instructions, 2 ns each, while it is busy. A third slower, but what has deadlines
   * of its own (dockerd) meets them however busy this machine is.
   */
  readonly clockByInstructions?: boolean
}

export interface VmResult {
  /** Everything on the serial console. */
  readonly output: string
  /** Exit status of the script. */
  readonly status: number
  readonly sections: ReadonlyMap<string, Section>
}

/**
 * Boots a Debian kernel in QEMU (software emulation) on this machine's own files, read-only, runs a shell script
 * there with the functions of sections.sh, and hands back what it reported. Throws when the guest does not come to
 * its end in time. QEMU ends with this process, whatever happens to it.
 */
export async function runInVm(script: string, options: VmOptions): Promise<VmResult> {
  mkdirSync(CACHE, { recursive: true })
  const program = mkdtempSync(join(CACHE, 'program-'))
  try {
    cpSync(PROGRAM, program, { recursive: true })
    const machine = machineOf({ script, program }, options)
    const qemu = spawn('setpriv', ['--pdeathsig', 'KILL', 'qemu-system-x86_64', ...machine], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    return readResult(await outputOf(qemu, options.timeoutMs), options)
  } finally {
    rmSync(program, { recursive: true, force: true })
  }
}

function readResult(output: string, options: VmOptions): VmResult {
  const { sections, status } = readTranscript(output)
  if (status === undefined) {
    throw new Error(`the guest did not end within ${options.timeoutMs / 1000} s:\n${output.slice(-TAIL_CHARACTERS)}`)
  }
  return { output, status, sections }
}

function machineOf(
  guest: { script: string; program: string },
  { modules, memoryMb = 1024, clockByInstructions = false, environment: given }: VmOptions,
): string[] {
  const kernel = installedKernel()
  const environment = {
    tsnet_guest: GUEST,
    tsnet_sections: SECTIONS,
    tsnet_folder: ROOT,
    tsnet_script: guest.script,
    tsnet_program: join(guest.program, 'tsnet-shoot.js'),
    tsnet_modules: modules.join(),
    ...given,
  }
  const parameters = Object.entries(environment).map(([name, value]) => `${name}=${value}`)
  const share = 'local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap'
  return [
    ...['-nographic', '-nodefaults', '-no-reboot', '-serial', 'stdio'],
    ...['-accel', 'tcg', '-cpu', 'Nehalem', '-smp', '1', '-m', String(memoryMb)],
    ...(clockByInstructions ? ['-icount', 'shift=1'] : []),
    ...['-kernel', kernel.image, '-initrd', initramfs(kernel, CACHE)],
    ...['-virtfs', share],
    ...['-append', `${KERNEL_PARAMETERS} ${parameters.join(' ')}`],
  ]
}

function outputOf(qemu: ChildProcess, timeoutMs: number): Promise<string> {
  let output = ''
  const timer = setTimeout(() => qemu.kill('SIGKILL'), timeoutMs)
  for (const stream of [qemu.stdout, qemu.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text
      if (output.length > MAX_OUTPUT_CHARACTERS) qemu.kill('SIGKILL')
    })
  }
  return new Promise((resolve, reject) => {
    qemu.on('error', (error) => {
      clearTimeout(timer)
      reject(error)
    })
    qemu.on('close', () => {
      clearTimeout(timer)
      resolve(output)
    })
  })
}
