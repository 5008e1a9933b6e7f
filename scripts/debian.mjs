import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Debian package → the command that shows it is there.
 * @typedef {Readonly<Record<string, string>>} Packages
 */

/** What tsnet-shoot itself calls: the save tools, and nsenter for shells. @type {Packages} */
const PRODUCT = { iptables: 'iptables-save', nftables: 'nft', 'util-linux': 'nsenter' }

/** What the tests build networks with, compare against and boot. @type {Packages} */
const TESTS = {
  'busybox-static': 'busybox',
  chromium: 'chromium',
  conntrack: 'conntrack',
  cpio: 'cpio',
  curl: 'curl',
  debootstrap: 'debootstrap',
  'docker.io': 'dockerd',
  ethtool: 'ethtool',
  iproute2: 'ip',
  iperf3: 'iperf3',
  ipset: 'ipset',
  'iputils-ping': 'ping',
  ipvsadm: 'ipvsadm',
  jq: 'jq',
  kmod: 'modprobe',
  'libxml2-utils': 'xmllint',
  openssl: 'openssl',
  plotnetcfg: 'plotnetcfg',
  procps: 'sysctl',
  prometheus: 'promtool',
  'qemu-system-x86': 'qemu-system-x86_64',
  tcpdump: 'tcpdump',
  tmux: 'tmux',
  tshark: 'tshark',
  'wireguard-tools': 'wg',
}

/** What the benchmark measures against, besides. @type {Packages} */
const PEERS = { 'bridge-utils': 'brctl', mininet: 'mn' }

/** What the demonstration looks at its lab with, besides. @type {Packages} */
const DEMONSTRATION = { curl: 'curl' }

/** What breaks labs, and tries what works in them. @type {Packages} */
const SCOREBOARD = { curl: 'curl', iproute2: 'ip', 'iputils-ping': 'ping', ipvsadm: 'ipvsadm' }

/** @typedef {'check' | 'start' | 'demo' | 'test' | 'bench' | 'faults'} Purpose */

/** @type {Readonly<Record<Exclude<Purpose, 'check'>, Packages>>} */
const FURTHER = {
  start: {},
  demo: DEMONSTRATION,
  test: TESTS,
  bench: { ...TESTS, ...PEERS },
  faults: SCOREBOARD,
}

const SYSTEM_PATHS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']
const NO_SERVICES = '/usr/sbin/policy-rc.d'

/** Where commands are looked for. A person's PATH may lack /usr/sbin. @typedef {readonly string[]} Folders */

/** @returns {Folders} */
function commandFolders() {
  return [...new Set([...(process.env['PATH'] ?? '').split(':'), ...SYSTEM_PATHS])]
}

/**
 * @param {Purpose} purpose
 * @param {Folders} folders
 * @returns {string[]} the Debian packages that are missing
 */
export function missingPackages(purpose, folders = commandFolders()) {
  if (purpose === 'check') return []
  /** @type {Packages} */
  const wanted = { ...PRODUCT, ...FURTHER[purpose] }
  const missing = Object.keys(wanted).filter((name) => !hasCommand(wanted[name] ?? name, folders))
  if (purpose === 'test' && !hasKernelImage()) missing.push('linux-image-amd64')
  return missing
}

/** @param {string} name @param {Folders} folders */
function hasCommand(name, folders) {
  return folders.some((folder) => isExecutable(join(folder, name)))
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** A kernel and its modules, for the vm tier. */
function hasKernelImage() {
  if (!existsSync('/boot')) return false
  const versions = readdirSync('/boot').flatMap((name) => /^vmlinuz-(.+)$/.exec(name)?.[1] ?? [])
  return versions.some((version) => existsSync(`/lib/modules/${version}/modules.dep`))
}

/** The command that a person types to install packages. @param {readonly string[]} packages */
export function installCommand(packages) {
  return `apt-get update && apt-get install --no-install-recommends ${packages.join(' ')}`
}

export function isDebianRoot() {
  return process.getuid?.() === 0 && hasCommand('apt-get', SYSTEM_PATHS) && existsSync('/etc/debian_version')
}

/**
 * Installs packages without a question and without starting a service (docker.io would start its daemon,
 * and with it change the rules of this host).
 * @param {readonly string[]} packages
 */
export function installPackages(packages) {
  const forbidServices = !existsSync(NO_SERVICES)
  if (forbidServices) writeFileSync(NO_SERVICES, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    apt(['update', '-qq'])
    apt(['install', '-qq', '-y', '--no-install-recommends', '-o', 'Dpkg::Use-Pty=0', ...packages])
  } finally {
    if (forbidServices) rmSync(NO_SERVICES)
  }
}

/** @param {readonly string[]} args */
function apt(args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', NEEDRESTART_SUSPEND: '1' }
  const { status, error } = spawnSync('apt-get', args, { env, stdio: ['ignore', 2, 2] })
  if (status !== 0) throw new Error(`apt-get ${args[0]}: ${error?.message ?? `exit status ${status}`}`)
}
