import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { setUp } from './setup.mjs'

const PROGRAM = fileURLToPath(new URL('../dist/tsnet-shoot.js', import.meta.url))
const LAB = 'pets-bridge'

/** What is run, and what it shows. @type {readonly (readonly [string, readonly string[]])[]} */
const SCENES = [
  ['a host with two containers on a bridge network, and a client beside it', ['lab', 'graph', LAB]],
  ...['the page of web, from the client:', 'every visit is counted in db:', 'again:'].map(
    (what) => /** @type {const} */ ([what, inside('client', 'curl', '-s', 'http://192.168.0.2:8000/')]),
  ),
  ['web finds db by its name, which the name server on 127.0.0.11 knows', inside('web', 'getent', 'hosts', 'db')],
  [
    'what leads port 8000 of the host into web, and gives containers the address of the host on their way out',
    inside('host-A', 'iptables-save', '-t', 'nat'),
  ],
  ['the same, tried by the checks of the lab', ['lab', 'validate', LAB, '--run']],
]

/** @param {string} name @param {...string} command */
function inside(name, ...command) {
  return ['lab', 'exec', `${LAB}/${name}`, '--', ...command]
}

let interrupted = false

/** `npm run demo`: builds a lab, looks at it from all sides, and takes everything down again. */
async function demo() {
  await setUp('demo')
  // ctrl-c reaches the command on the terminal; what was built still has to go
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM']))
    process.on(signal, () => {
      interrupted = true
    })
  const up = await show('the pets application on one host', ['lab', 'up', LAB])
  if (up !== 0) return up
  let status = 0
  try {
    for (const [what, words] of SCENES) {
      if (interrupted) return 130
      status = (await show(what, words)) || status
    }
  } finally {
    status = (await show('and everything goes', ['lab', 'down', LAB])) || status
  }
  return status
}

/** @param {string} what @param {readonly string[]} words @returns {Promise<number>} its exit status */
function show(what, words) {
  process.stdout.write(`\n# ${what}\n$ tsnet-shoot ${words.join(' ')}\n`)
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [PROGRAM, ...words], { stdio: 'inherit' })
    child.on('error', reject)
    child.on('exit', (status) => resolve(status ?? 1))
  })
}

process.exitCode = await demo()
