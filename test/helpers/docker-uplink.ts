import type { DockerEngine } from './docker-engine.ts'

/** A machine outside, in a namespace `out` that the engine's own mount namespace names; its way back ends at the host. */
export async function openUplink(engine: DockerEngine): Promise<void> {
  const ip = (...words: string[]) => engine.inside('ip', ...words)
  await ip('netns', 'add', 'out')
  await ip('link', 'add', 'up0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', 'out')
  await ip('addr', 'add', '192.0.2.2/24', 'dev', 'up0')
  await ip('link', 'set', 'up0', 'up')
  await ip('route', 'add', 'default', 'via', '192.0.2.1')
  await ip('-n', 'out', 'addr', 'add', '192.0.2.1/24', 'dev', 'eth0')
  await ip('-n', 'out', 'link', 'set', 'eth0', 'up')
  await ip('-n', 'out', 'link', 'set', 'lo', 'up')
}
