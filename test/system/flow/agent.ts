import { execFile } from 'node:child_process'
import dgram from 'node:dgram'
import net from 'node:net'
import { createInterface } from 'node:readline'

/** Runs inside one namespace: listens on TCP 80 and UDP 53 and answers, and sends what lines of JSON tell it to. */
/** Longer than TCP waits before it sends its SYN again: an error that comes while it sends the first is passed over. */
const DEADLINE_MS = 1500

interface Probe {
  readonly address: string
  readonly port: number
  readonly source?: string
  readonly mark?: number
}

function listen(): Promise<unknown> {
  const tcp = net.createServer((socket) => socket.on('error', () => {}).end())
  const udp = dgram.createSocket({ type: 'udp6' })
  udp.on('message', (message, from) => udp.send(message, from.port, from.address, () => {}))
  return Promise.all([
    new Promise<void>((resolve) => tcp.listen({ port: 80, host: '::' }, resolve)),
    new Promise<void>((resolve) => udp.bind(53, '::', resolve)),
  ])
}

function connect({ address, port, source, mark }: Probe): Promise<string> {
  return new Promise((resolve) => {
    const local = {
      ...(source === undefined ? {} : { localAddress: source }),
      ...(mark === undefined ? {} : { localPort: mark }),
    }
    const socket = net.connect({ host: address, port, ...local })
    const end = (result: string) => {
      socket.destroy()
      resolve(result)
    }
    socket.setTimeout(DEADLINE_MS, () => end('silence'))
    socket.once('connect', () => end('answer'))
    socket.once('error', (error: NodeJS.ErrnoException) => end(`error ${error.code}`))
  })
}

function datagram({ address, port, source, mark = 0 }: Probe): Promise<string> {
  return new Promise((resolve) => {
    const socket = dgram.createSocket(address.includes(':') ? 'udp6' : 'udp4')
    let isOpen = true
    const end = (result: string) => {
      if (!isOpen) return
      isOpen = false
      clearTimeout(timer)
      socket.close()
      resolve(result)
    }
    const timer = setTimeout(() => end('silence'), DEADLINE_MS)
    const failed = (error?: unknown) => {
      if (error) end(`error ${(error as NodeJS.ErrnoException).code}`)
    }
    socket.once('message', () => end('answer'))
    socket.on('error', failed)
    // the callback of connect is given an error, whatever its type says
    const connected = ((error?: unknown) => {
      failed(error)
      if (isOpen) socket.send('?', failed)
    }) as () => void
    socket.bind(mark, source, () => socket.connect(port, address, connected))
  })
}

function ping({ address, source, mark }: Probe): Promise<string> {
  const from = [...(source === undefined ? [] : ['-I', source]), ...(mark === undefined ? [] : ['-e', String(mark)])]
  return new Promise((resolve) => {
    execFile(
      'ping',
      ['-n', '-c', '1', '-W', '1', ...from, address],
      { env: { LC_ALL: 'C' } },
      (_error, stdout, stderr) => {
        const text = stdout + stderr
        if (/bytes from/.test(text)) resolve('answer')
        else if (/^From (?!.*Redirect)|^ping: |unreachable|prohibited/m.test(text))
          resolve(`error ${text.split('\n').find((line) => /From|ping:/.test(line))}`)
        else resolve('silence')
      },
    )
  })
}

const SEND = { tcp: connect, udp: datagram, icmp: ping }

await listen()
process.stdout.write('ready\n')
for await (const line of createInterface({ input: process.stdin })) {
  const { id, protocol, ...probe } = JSON.parse(line) as Probe & { id: number; protocol: keyof typeof SEND }
  void SEND[protocol](probe).then((result) => process.stdout.write(`${JSON.stringify({ id, result })}\n`))
}
