import { LinklessDriver } from './linkless-driver.ts'

/** `--network host`: the sandbox is the namespace of the host, with all its links, and nothing is added. */
export class HostDriver extends LinklessDriver {
  constructor() {
    super('host')
  }
}
