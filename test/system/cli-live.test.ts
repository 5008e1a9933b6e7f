import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { testNamespaces } from '../helpers/netns.ts'
import { type CommandOptions, tryRun } from '../helpers/netns-command.ts'
import { builtProgram } from '../helpers/netns-program.ts'

const namespaces = testNamespaces('clilive')
const program = {
  file: '',
  run: (words: readonly string[], options?: CommandOptions) =>
    tryRun(process.execPath, [program.file, ...words], options),
}
let web: string
let router: string

beforeAll(async () => {
  program.file = await builtProgram()
  web = await namespaces.add('web')
  router = await namespaces.add('router')
  await namespaces.ip(router, 'link add br0 type bridge')
  await namespaces.ip(router, `link add port0 type veth peer name eth0 netns ${web}`)
  await namespaces.ipBatch(router, ['link set port0 master br0 up', 'link set br0 up', 'addr add 10.44.0.1/24 dev br0'])
  await namespaces.ipBatch(web, [
    'link set eth0 up',
    'addr add 10.44.0.2/24 dev eth0',
    'route add default via 10.44.0.1',
  ])
})
afterAll(async () => {
  await namespaces.removeAll()
  expect(await namespaces.leaks()).toEqual([])
})

describe('on this host', () => {
  test('ns names a namespace that was just made, as `ip netns` does', async () => {
    const { stdout } = await program.run(['ns', '-n', web, '--json'])
    const [found] = JSON.parse(stdout) as { inode: number; names: string[] }[]
    expect(found?.inode).toBe(await namespaces.inode(web))
    expect(found?.names).toContain(web)
  })

  test('show names who is behind a port, whose MAC and whose gateway it is, though only one namespace is asked for', async () => {
    const texts = async (name: string, ...words: string[]) => (await program.run(['show', ...words, '-n', name])).stdout
    expect(await texts(router, 'bridges', '--columns', 'port,behind')).toContain(`port0  ${web}:eth0`)
    expect(await texts(web, 'links', '--columns', 'link,peer')).toContain(`eth0  ${router}:port0 ▸ br0`)
    expect(await texts(web, 'routes', '--columns', 'destination,via,who')).toContain(`10.44.0.1  ${router}:br0`)
  })

  test('a snapshot written to a file is what --from reads', async () => {
    const saved = await program.run(['snapshot', '--kinds', 'links,addresses,routes', '-n', web])
    const live = await program.run(['show', 'routes', '-n', web, '--json'])
    const again = await program.run(['show', 'routes', '--json', '--from', '-'], { input: saved.stdout })
    expect(JSON.parse(again.stdout)).toEqual(JSON.parse(live.stdout))
  })

  test('every kind can be shown', async () => {
    for (const kind of ['iptables', 'nft', 'ipset', 'ipvs', 'conntrack', 'sockets', 'xfrm', 'qdisc', 'sysctl', 'dns']) {
      const { status, stdout } = await program.run(['show', kind, '-n', web, '--json'])
      expect({ kind, ok: status === 0 || status === 4 }).toEqual({ kind, ok: true })
      expect(Array.isArray(JSON.parse(stdout))).toBe(true)
    }
  })
})

describe('enter', () => {
  test('runs a command in the namespace, and its exit status is ours', async () => {
    const { stdout, status } = await program.run(['enter', web, '--', 'ip', '-br', '-4', 'addr', 'show', 'eth0'])
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining('10.44.0.2/24') })
    expect((await program.run(['enter', web, '--', 'sh', '-c', 'exit 7'])).status).toBe(7)
    expect((await program.run(['enter', web, '--', 'sh', '-c', 'kill -TERM $$'])).status).toBe(143)
  })

  test('hands every word over as it is', async () => {
    const words = ['$(id)', 'a b', "it's", '"; exit 3', '*']
    const { stdout } = await program.run(['enter', web, '--', 'printf', '%s\\n', ...words])
    expect(stdout).toBe(`${words.join('\n')}\n`)
  })

  test('resolves names as /etc/netns says, without touching the files of this host, and leaves nothing behind', async () => {
    const folder = `/etc/netns/${web}`
    const before = (await tryRun('cat', ['/etc/resolv.conf'])).stdout
    mkdirSync(folder, { recursive: true })
    try {
      writeFileSync(`${folder}/resolv.conf`, 'nameserver 10.44.0.53\n')
      const { stdout } = await program.run(['enter', web, '--', 'cat', '/etc/resolv.conf'])
      expect(stdout).toBe('nameserver 10.44.0.53\n')
    } finally {
      rmSync(folder, { recursive: true })
    }
    expect((await tryRun('cat', ['/etc/resolv.conf'])).stdout).toBe(before)
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith('tsnet-enter-'))).toEqual([])
  })

  test('--all says when there is no process to follow', async () => {
    const { status, stderr } = await program.run(['enter', web, '--all', '--', 'true'])
    expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining('no process lives in it') })
  })

  test('needs -- before a command, and says so', async () => {
    const { status, stderr } = await program.run(['enter', web, 'true'])
    expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining('write -- before COMMAND…') })
  })
})

describe('without any capability', () => {
  const run = (...words: string[]) =>
    tryRun('setpriv', ['--bounding-set=-all', process.execPath, program.file, ...words])

  test('the own namespace is shown, and what is hidden is told with what would show it', async () => {
    const { status, stdout, stderr } = await run('show', 'links', '--columns', 'link')
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringMatching(/^LINK\nlo\n/) })
    expect(stderr).toMatch(/hidden: .*CAP_SYS_ADMIN/)
  })

  test('a namespace that nothing can be read of ends with 4', async () => {
    const { status, stderr } = await run('show', 'fdb', '-n', web)
    expect({ status, stderr }).toEqual({ status: 4, stderr: expect.stringContaining(`fdb of ${web}`) })
  })

  test.each(['conntrack', 'xfrm', 'nft'])(
    'show %s of the own namespace ends with 4 and names what it needs',
    async (kind) => {
      const { status, stderr } = await run('show', kind, '-n', 'host')
      expect({ status, stderr }).toEqual({ status: 4, stderr: expect.stringContaining('needs CAP_NET_ADMIN') })
    },
  )

  test('enter names the capability that it needs', async () => {
    const { status, stderr } = await run('enter', web, '--', 'true')
    expect({ status, stderr }).toEqual({ status: 4, stderr: expect.stringContaining('CAP_SYS_ADMIN') })
  })
})

describe('watch', () => {
  test('tells of a new address as a line of JSON, and ends with 0 on ctrl-C', async () => {
    const child = spawn(process.execPath, [program.file, 'watch', '-n', web, '--kinds', 'address', '--json'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = new Promise((resolve) => child.once('exit', (status, signal) => resolve(status ?? signal)))
    const heard = new Promise<string>((resolve) => createInterface(child.stdout).once('line', resolve))
    // until it listens there is nobody to tell: say it again
    let attempt = 0
    const timer = setInterval(() => {
      void namespaces.ip(web, `addr add 10.45.0.${++attempt}/32 dev eth0`)
    }, 300)
    const line = await heard
    clearInterval(timer)
    expect(JSON.parse(line)).toMatchObject({
      namespace: { inode: await namespaces.inode(web), name: web },
      kind: 'address',
      action: 'new',
      object: { address: expect.stringMatching(/^10\.45\.0\.\d+\/32$/) },
    })
    child.kill('SIGINT')
    expect(await ended).toBe(0)
  })
})
