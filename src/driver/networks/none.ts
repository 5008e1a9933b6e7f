import { LinklessDriver } from './linkless-driver.ts'

/** `--network none`: the sandbox has lo alone. Docker's driver of it is called null. */
export class NoneDriver extends LinklessDriver {
  constructor() {
    super('none', 'null')
  }
}
