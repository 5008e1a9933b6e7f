import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { type Kernel, moduleFiles } from './kernel.ts'

const INIT = new URL('./init.sh', import.meta.url)
const BUSYBOX = '/bin/busybox'

/** What the guest needs to mount the host's root over 9p, in the order of their dependencies. */
const MODULES = [
  'netfs',
  'fscache',
  '9pnet',
  '9p',
  'virtio_ring',
  'virtio',
  '9pnet_virtio',
  'virtio_pci_modern_dev',
  'virtio_pci_legacy_dev',
  'virtio_pci',
  'overlay',
]

const COMMANDS = ['sh', 'mount', 'mkdir', 'insmod', 'switch_root']

/** An initramfs of busybox, those modules and init.sh, made once for a kernel and kept in `cache`. */
export function initramfs(kernel: Kernel, cache: string): string {
  const identity = createHash('sha256').update(readFileSync(INIT)).update(MODULES.join()).digest('hex').slice(0, 12)
  const image = join(cache, `initramfs-${kernel.version}-${identity}.cpio`)
  if (existsSync(image)) return image
  mkdirSync(cache, { recursive: true })
  const folder = mkdtempSync(join(cache, 'initramfs-'))
  try {
    fillFolder(join(folder, 'root'), kernel)
    const archive = join(folder, 'image')
    packFolder(join(folder, 'root'), archive)
    renameSync(archive, image)
  } finally {
    rmSync(folder, { recursive: true })
  }
  return image
}

function fillFolder(root: string, kernel: Kernel): void {
  for (const folder of ['bin', 'dev', 'proc', 'sys', 'modules', 'lower', 'rw', 'root']) {
    mkdirSync(join(root, folder), { recursive: true })
  }
  copyFileSync(BUSYBOX, join(root, 'bin/busybox'))
  for (const command of COMMANDS) symlinkSync('busybox', join(root, 'bin', command))
  copyFileSync(INIT, join(root, 'init'))
  chmodSync(join(root, 'init'), 0o755)
  for (const [position, file] of moduleFiles(kernel, MODULES).entries()) {
    // the shell's glob keeps the order by the number
    copyFileSync(file, join(root, 'modules', `${String(position).padStart(2, '0')}.ko`))
  }
}

function packFolder(root: string, archive: string): void {
  const names = spawnSync('find', ['.', '-print0'], { cwd: root })
  const packed = spawnSync('cpio', ['--create', '--format=newc', '--null', '--quiet', '--owner=0:0'], {
    cwd: root,
    input: names.stdout,
    maxBuffer: 256 * 1024 * 1024,
  })
  if (packed.status !== 0) throw new Error(`cpio: ${packed.error?.message ?? packed.stderr.toString()}`)
  writeFileSync(archive, packed.stdout)
}
